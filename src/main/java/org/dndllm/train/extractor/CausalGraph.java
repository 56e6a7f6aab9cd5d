package org.dndllm.train.extractor;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.LongStream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.TensorView;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.TargetModule;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;
import org.dndllm.train.Qwen2Config;

/**
 * A Qwen2 base model as an encoder's graph: {@code input_ids} and {@code attention_mask} [N, L] int64 in, {@code states}
 * [N, L, C] out, the hidden states after the last norm. Weights become float32. The mask is not looked at: padding stands
 * behind the text, where causal attention does not see it.
 *
 * <p>Letters: m key-value heads with s query heads each, D features of a head. Source: {@code modeling_qwen2.py} of
 * transformers, as {@link org.dndllm.train.Qwen2}; checked against llama.cpp's embeddings.
 */
final class CausalGraph {
    private static final String IDS = "input_ids";
    private static final String MASK = "attention_mask";
    private static final String STATES = "states";
    private static final float HIDDEN_KEY = -Float.MAX_VALUE;

    private final OnnxGraph graph = new OnnxGraph("base-states");
    private final GgufFile model;
    private final Qwen2Config config;
    private final BaseShape shape;
    private final int positions;

    private CausalGraph(GgufFile model, Qwen2Config config, int positions) {
        this.model = model;
        this.config = config;
        this.shape = config.shape();
        this.positions = positions;
    }

    /**
     * Writes the graph.
     *
     * @param config the model's
     * @param positions the longest text in tokens
     * @throws InvalidInputException naming the tensor that is missing or not supported
     */
    static void write(GgufFile model, Qwen2Config config, int positions, Path onnxFile) {
        new CausalGraph(model, config, positions).write(onnxFile);
    }

    private void write(Path onnxFile) {
        graph.input(IDS, OnnxType.INT64, "N", "L");
        graph.input(MASK, OnnxType.INT64, "N", "L");
        constants();
        String table = table("token_embd.weight", shape.vocab(), shape.hidden());
        String x = node("Gather", List.of(table, IDS), Map.of("axis", 0)); // [N, L, C]
        for (int layer = 0; layer < shape.layers(); layer++) {
            String at = "blk." + layer + ".";
            x = node("Add", x, attention(at, norm(at + "attn_norm", x)));
            x = node("Add", x, mlp(at, norm(at + "ffn_norm", x)));
        }
        graph.namedNode(STATES, "Identity", List.of(norm("output_norm", x)), Map.of());
        graph.output(STATES, OnnxType.FLOAT, "N", "L", shape.hidden());
        graph.write(onnxFile);
    }

    /** What all layers share: shapes, rotations of the first L positions, and which keys a query sees. */
    private void constants() {
        int share = shape.heads() / shape.kvHeads();
        graph.longs("axis0", 0);
        graph.longs("axis1", 1);
        graph.longs("last", -1);
        graph.longs("queries", 0, 0, shape.kvHeads(), share, shape.headDim()); // 0 keeps a dimension
        graph.longs("keys", 0, 0, shape.kvHeads(), 1, shape.headDim());
        graph.longs("joined", 0, 0, (long) shape.heads() * shape.headDim());
        graph.longs("start", 0);
        graph.scalar("scale", (float) (1 / Math.sqrt(shape.headDim())));
        graph.scalar("epsilon", (float) config.rmsEpsilon());
        String length = node("Shape", List.of(IDS), Map.of("start", 1, "end", 2)); // [1] holding L
        String numbers = graph.longs("numbers", LongStream.range(0, positions).toArray());
        String places = node("Slice", numbers, "start", length, "axis0"); // [L]
        String later =
                node("Greater", node("Unsqueeze", places, "axis0"), node("Unsqueeze", places, "axis1")); // [L, L]
        graph.namedNode(
                "causal",
                "Where",
                List.of(later, graph.scalar("hidden", HIDDEN_KEY), graph.scalar("open", 0f)),
                Map.of());
        rotation("cosines", Math::cos, length);
        rotation("sines", Math::sin, length);
    }

    /** A function of position * base^(-2i/D), the same for both halves: [L, D]. */
    private void rotation(String name, DoubleUnaryOperator function, String length) {
        int width = shape.headDim();
        int half = width / 2;
        float[] table = new float[positions * width];
        for (int i = 0; i < half; i++) {
            double frequency = Math.pow(config.ropeBase(), -2.0 * i / width);
            for (int position = 0; position < positions; position++) {
                float value = (float) function.applyAsDouble(position * frequency);
                table[position * width + i] = value;
                table[position * width + half + i] = value;
            }
        }
        String all = graph.initializer(
                name + ".all", TensorView.ofFloats(name, List.of((long) positions, (long) width), table));
        graph.namedNode(name, "Slice", List.of(all, "start", length, "axis0"), Map.of());
    }

    /** Every s query heads share a key-value head, which broadcasts over them: [N, L, C]. */
    private String attention(String at, String x) {
        String q = rotated(heads(at, TargetModule.Q_PROJ, x, "queries")); // [N, m, s, L, D]
        String k = rotated(heads(at, TargetModule.K_PROJ, x, "keys")); // [N, m, 1, L, D]
        String v = heads(at, TargetModule.V_PROJ, x, "keys");
        String turned = node("Transpose", List.of(k), Map.of("perm", List.of(0, 1, 2, 4, 3)));
        String scores = node("Mul", node("MatMul", q, turned), "scale"); // [N, m, s, L, L]
        String shares = node("Softmax", List.of(node("Add", scores, "causal")), Map.of("axis", -1));
        String mixed = node("MatMul", shares, v); // [N, m, s, L, D]
        String joined = node("Transpose", List.of(mixed), Map.of("perm", List.of(0, 3, 1, 2, 4)));
        return linear(at, TargetModule.O_PROJ, node("Reshape", joined, "joined"));
    }

    private String heads(String at, TargetModule module, String x, String split) {
        String y = node("Add", linear(at, module, x), table(at + module.ggufName() + ".bias", shape.out(module)));
        String parted = node("Reshape", y, split); // [N, L, m, s or 1, D]
        return node("Transpose", List.of(parted), Map.of("perm", List.of(0, 2, 3, 1, 4)));
    }

    /** Rotary positions on halves: pairs are (i, i + D/2). */
    private String rotated(String x) {
        List<String> halves = graph.node("Split", List.of(x), Map.of("axis", -1, "num_outputs", 2), 2);
        String turned = node("Concat", List.of(node("Neg", halves.getLast()), halves.getFirst()), Map.of("axis", -1));
        return node("Add", node("Mul", x, "cosines"), node("Mul", turned, "sines"));
    }

    private String mlp(String at, String x) {
        String gate = linear(at, TargetModule.GATE_PROJ, x);
        String open = node("Mul", gate, node("Sigmoid", gate));
        String inner = node("Mul", open, linear(at, TargetModule.UP_PROJ, x));
        return linear(at, TargetModule.DOWN_PROJ, inner);
    }

    private String norm(String name, String x) {
        String squares = node("ReduceMean", List.of(node("Mul", x, x), "last"), Map.of("keepdims", 1));
        String root = node("Sqrt", node("Add", squares, "epsilon"));
        return node("Mul", node("Div", x, root), table(name + ".weight", shape.hidden()));
    }

    /** Stored [out, in]; a row vector from the left wants [in, out]. */
    private String linear(String at, TargetModule module, String x) {
        int in = shape.in(module);
        int out = shape.out(module);
        String name = at + module.ggufName() + ".weight";
        GgufTensor stored = tensor(name, in, out);
        String weight = graph.initializer(name, OnnxType.FLOAT, List.of((long) in, (long) out), sink -> {
            float[] rows = stored.toFloats();
            float[] turned = new float[rows.length];
            for (int o = 0; o < out; o++) {
                for (int i = 0; i < in; i++) {
                    turned[i * out + o] = rows[o * in + i];
                }
            }
            sink.put(TensorView.ofFloats(name, List.of((long) in, (long) out), turned)
                    .data());
        });
        return node("MatMul", x, weight);
    }

    /** A tensor as it is stored. */
    private String table(String name, int... dims) {
        long[] innermostFirst = new long[dims.length];
        for (int i = 0; i < dims.length; i++) {
            innermostFirst[dims.length - 1 - i] = dims[i];
        }
        GgufTensor stored = tensor(name, innermostFirst);
        List<Long> outermostFirst = stored.dims().reversed();
        return graph.initializer(
                name,
                OnnxType.FLOAT,
                outermostFirst,
                sink -> sink.put(TensorView.ofFloats(name, outermostFirst, stored.toFloats())
                        .data()));
    }

    private GgufTensor tensor(String name, long... innermostFirst) {
        GgufTensor found = model.tensor(name)
                .orElseThrow(() -> new InvalidInputException(
                        model.source(), name, "is missing; choose a complete Qwen2 or Qwen2.5 model"));
        List<Long> expected = Arrays.stream(innermostFirst).boxed().toList();
        if (!found.dims().equals(expected)) {
            throw new InvalidInputException(
                    model.source(), name, "has dimensions " + found.dims() + ", expected " + expected);
        }
        switch (found.type()) {
            case F32, F16, BF16, Q8_0 -> {}
            default ->
                throw new InvalidInputException(
                        model.source(),
                        name,
                        "is of type " + found.type() + "; choose a model in F32, F16, BF16 or Q8_0");
        }
        return found;
    }

    private String node(String op, String... operands) {
        return graph.node(op, operands);
    }

    private String node(String op, List<String> operands, Map<String, ?> attributes) {
        return graph.node(op, operands, attributes);
    }
}
