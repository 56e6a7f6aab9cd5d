package org.dndllm.encoder;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;

/**
 * Writes a BERT sentence encoder as an ONNX graph: {@code input_ids} and {@code attention_mask} [N, L] int64 in, {@code
 * states} [N, L, C] (last hidden state of every position, padding included) and {@code embedding} [N, C] (pooled over the
 * mask, unit length) out. N and L are free; L must not exceed {@link BertConfig#maxPositions()}.
 *
 * <p>The forward pass is the {@code bert} model of Hugging Face (arXiv 1810.04805), the pooling is
 * sentence-transformers' Pooling and Normalize modules.
 */
public final class BertGraph {
    static final String INPUT_IDS = "input_ids";
    static final String ATTENTION_MASK = "attention_mask";
    static final String STATES = "states";
    static final String EMBEDDING = "embedding";

    /**
     * Added to the score of a padding key. Finite on purpose, as in the reference: a block without any real token (the
     * later blocks of a short prompt) then attends evenly instead of dividing zero by zero.
     */
    private static final float MASKED = -Float.MAX_VALUE;

    private static final String SCALE = "scale";
    private static final String SPLIT = "split";
    private static final String JOINED = "joined";
    private static final String AXIS1 = "axis1";

    private final OnnxGraph graph = new OnnxGraph("sentence-bert");
    private final BertConfig config;
    private final BertWeights weights;

    private BertGraph(BertConfig config, BertWeights weights) {
        this.config = config;
        this.weights = weights;
    }

    /**
     * Converts a Hugging Face or sentence-transformers folder ({@code config.json}, {@code model.safetensors}, optionally
     * {@code 1_Pooling/config.json}).
     *
     * @throws org.dndllm.InvalidInputException naming file and field or tensor that is wrong
     */
    public static void export(Path huggingFaceFolder, Path onnxFile) {
        BertConfig config = BertConfig.read(huggingFaceFolder.resolve("config.json"));
        Pooling pooling = EncoderFolder.pooling(huggingFaceFolder);
        try (SafetensorsFile file = SafetensorsFile.open(huggingFaceFolder.resolve("model.safetensors"))) {
            new BertGraph(config, BertWeights.of(file)).write(pooling, onnxFile);
        }
    }

    /**
     * As {@link #export(Path, Path)} with weights from elsewhere: the folder gives configuration and pooling.
     *
     * @param weights named as in Hugging Face's BertModel, without prefix
     * @param source the file that they come from, for errors
     */
    public static void export(Path huggingFaceFolder, Map<String, TensorView> weights, String source, Path onnxFile) {
        BertConfig config = BertConfig.read(huggingFaceFolder.resolve("config.json"));
        new BertGraph(config, BertWeights.of(weights, source))
                .write(EncoderFolder.pooling(huggingFaceFolder), onnxFile);
    }

    /** Writes mean-pooled weights that are in memory, named as in Hugging Face's BertModel without prefix. */
    public static void export(BertConfig config, Map<String, TensorView> weights, Path onnxFile) {
        new BertGraph(config, BertWeights.of(weights, "<memory>")).write(Pooling.MEAN, onnxFile);
    }

    private void write(Pooling pooling, Path onnxFile) {
        weights.check(config);
        graph.input(INPUT_IDS, OnnxType.INT64, "N", "L");
        graph.input(ATTENTION_MASK, OnnxType.INT64, "N", "L");
        graph.scalar(SCALE, (float) (1 / Math.sqrt(config.headWidth())));
        graph.longs(SPLIT, 0, 0, config.heads(), config.headWidth()); // 0 keeps a dimension
        graph.longs(JOINED, 0, 0, config.hidden());
        graph.longs(AXIS1, 1);
        String x = embeddings(); // [N, L, C]
        String bias = maskBias(); // [N, 1, 1, L]
        for (int layer = 0; layer < config.layers(); layer++) {
            x = layer("encoder.layer." + layer + ".", x, bias);
        }
        graph.namedNode(STATES, "Identity", List.of(x), Map.of());
        graph.output(STATES, OnnxType.FLOAT, "N", "L", config.hidden());
        String pooled = pooling == Pooling.MEAN ? meanOverMask(x) : firstPosition(x);
        graph.namedNode(EMBEDDING, "Identity", List.of(unitLength(pooled)), Map.of());
        graph.output(EMBEDDING, OnnxType.FLOAT, "N", config.hidden());
        graph.write(onnxFile);
    }

    /** LayerNorm(word + type 0 + position); added in the reference's order because float sums depend on it. */
    private String embeddings() {
        int c = config.hidden();
        String words = table("embeddings.word_embeddings.weight", config.vocabulary(), c);
        String types = table("embeddings.token_type_embeddings.weight", config.typeVocabulary(), c);
        String positions = table("embeddings.position_embeddings.weight", config.maxPositions(), c);
        String word = node("Gather", List.of(words, INPUT_IDS), Map.of("axis", 0)); // [N, L, C]
        String type = node("Gather", List.of(types, graph.scalar("type0", 0L)), Map.of("axis", 0)); // [C]
        String length = node("Shape", List.of(INPUT_IDS), Map.of("start", 1, "end", 2)); // [1] holding L
        String position =
                node("Slice", List.of(positions, graph.longs("start", 0), length, graph.longs("axis0", 0)), Map.of());
        return norm("embeddings.LayerNorm", add(add(word, type), position)); // [L, C] broadcasts over N
    }

    /** 0 where a key is a real token, the lowest float where it is padding: [N, 1, 1, L]. */
    private String maskBias() {
        String real = node("Equal", List.of(ATTENTION_MASK, graph.scalar("real", 1L)), Map.of());
        String bias = node("Where", List.of(real, graph.scalar("open", 0f), graph.scalar("masked", MASKED)), Map.of());
        return node("Unsqueeze", List.of(bias, graph.longs("axes12", 1, 2)), Map.of());
    }

    private String layer(String at, String x, String maskBias) {
        int c = config.hidden();
        int f = config.intermediate();
        String attended = dense(at + "attention.output.dense", attention(at + "attention.self.", x, maskBias), c, c);
        String y = norm(at + "attention.output.LayerNorm", add(attended, x));
        // Exact GELU (erf), not the tanh approximation.
        String inner = node("Gelu", List.of(dense(at + "intermediate.dense", y, f, c)), Map.of("approximate", "none"));
        return norm(at + "output.LayerNorm", add(dense(at + "output.dense", inner, c, f), y));
    }

    /** softmax(q k^T / sqrt(D) + mask) v for every head: [N, L, C]. */
    private String attention(String at, String x, String maskBias) {
        int c = config.hidden();
        String q = heads(dense(at + "query", x, c, c), 0, 2, 1, 3); // [N, H, L, D]
        String k = heads(dense(at + "key", x, c, c), 0, 2, 3, 1); // [N, H, D, L]
        String v = heads(dense(at + "value", x, c, c), 0, 2, 1, 3); // [N, H, L, D]
        String scores = node("Mul", List.of(node("MatMul", List.of(q, k), Map.of()), SCALE), Map.of());
        String shares = node("Softmax", List.of(add(scores, maskBias)), Map.of("axis", -1)); // [N, H, L, L]
        String mixed = node("MatMul", List.of(shares, v), Map.of());
        String joined = node("Transpose", List.of(mixed), Map.of("perm", List.of(0, 2, 1, 3)));
        return node("Reshape", List.of(joined, JOINED), Map.of());
    }

    private String heads(String x, int... perm) {
        String split = node("Reshape", List.of(x, SPLIT), Map.of()); // [N, L, H, D]
        return node("Transpose", List.of(split), Map.of("perm", perm));
    }

    /** Mean of the states of real tokens: [N, C]. */
    private String meanOverMask(String states) {
        String mask = node("Cast", List.of(ATTENTION_MASK), Map.of("to", OnnxType.FLOAT.code()));
        String weights = node("Unsqueeze", List.of(mask, graph.longs("axis2", 2)), Map.of()); // [N, L, 1]
        String sum = sumOverPositions(node("Mul", List.of(states, weights), Map.of()));
        String count =
                node("Max", List.of(sumOverPositions(weights), graph.scalar("minCount", Pooling.MIN_COUNT)), Map.of());
        return node("Div", List.of(sum, count), Map.of());
    }

    private String sumOverPositions(String x) {
        return node("ReduceSum", List.of(x, AXIS1), Map.of("keepdims", 0));
    }

    /** The state of [CLS]: [N, C]. */
    private String firstPosition(String states) {
        return node("Gather", List.of(states, graph.scalar("first", 0L)), Map.of("axis", 1));
    }

    private String unitLength(String vectors) {
        String norm = node("ReduceL2", List.of(vectors, AXIS1), Map.of("keepdims", 1));
        String floor = node("Max", List.of(norm, graph.scalar("minNorm", Pooling.MIN_NORM)), Map.of());
        return node("Div", List.of(vectors, floor), Map.of());
    }

    private String dense(String name, String x, int out, int in) {
        String weight = name + ".weight";
        // Stored [out, in]; a row vector from the left wants [in, out].
        tensor(weight, List.of((long) in, (long) out), () -> weights.transposed(weight, out, in));
        return add(node("MatMul", List.of(x, weight), Map.of()), table(name + ".bias", out));
    }

    private String norm(String name, String x) {
        int c = config.hidden();
        List<String> operands = List.of(x, table(name + ".weight", c), table(name + ".bias", c));
        return node("LayerNormalization", operands, Map.of("axis", -1, "epsilon", (float) config.layerNormEps()));
    }

    private String table(String name, int... shape) {
        List<Long> dims = Arrays.stream(shape).mapToObj(Long::valueOf).toList();
        return tensor(name, dims, () -> weights.floats(name, dims));
    }

    /** Values are read while the file is written, one tensor at a time. */
    private String tensor(String name, List<Long> shape, Supplier<float[]> values) {
        return graph.initializer(
                name,
                OnnxType.FLOAT,
                shape,
                sink -> sink.put(TensorView.ofFloats(name, shape, values.get()).data()));
    }

    private String add(String a, String b) {
        return node("Add", List.of(a, b), Map.of());
    }

    private String node(String op, List<String> inputs, Map<String, Object> attributes) {
        return graph.node(op, inputs, attributes);
    }
}
