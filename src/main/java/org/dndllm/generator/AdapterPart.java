package org.dndllm.generator;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dndllm.lora.AdapterFrame;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.ModuleTokens;
import org.dndllm.lora.ScaleBorder;
import org.dndllm.lora.TokenForm;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;

/**
 * The last part of a larger graph: weight tokens to the values of an adapter, in the order, type and alignment of its GGUF
 * file. The same numbers as {@link AdapterLayout#detokenize} with BF16, then rounded to the file's type: the scales are
 * computed in double, the values in float and through BF16.
 */
public final class AdapterPart {
    private final OnnxGraph graph;
    private final AdapterLayout layout;
    private final AdapterFrame frame;
    private final OnnxType type;

    private AdapterPart(OnnxGraph graph, AdapterLayout layout, AdapterFrame frame) {
        this.graph = graph;
        this.layout = layout;
        this.frame = frame;
        this.type = switch (frame.type()) {
            case F16 -> OnnxType.FLOAT16;
            case BF16 -> OnnxType.BFLOAT16;
            default -> OnnxType.FLOAT;
        };
    }

    /**
     * Appends the part and makes its value an output of the model.
     *
     * @param tokens value [1, T, R, W]
     * @param output name of the output: the bytes behind the frame's header as a vector of the frame's type
     */
    public static void append(OnnxGraph graph, AdapterLayout layout, AdapterFrame frame, String tokens, String output) {
        AdapterPart part = new AdapterPart(graph, layout, frame);
        String rows = part.layers(part.rounded(part.values(tokens)));
        graph.namedNode(output, "Reshape", List.of(rows, graph.longs(name("flat"), -1)), Map.of());
        graph.output(output, part.type, frame.dataBytes() / part.type.bytes());
    }

    /** [1, T, R, W] to the chunks' own values [T, r, chunk]. */
    private String values(String batch) {
        String tokens = reshaped(batch, "tokens", layout.tokens(), layout.rows(), layout.columns());
        if (layout.form() == TokenForm.PLAIN) {
            return tokens;
        }
        String rows = sliced(tokens, "rows", 1, 0, layout.rank(), 1);
        String chunk = sliced(rows, "chunk", 2, 0, layout.chunk(), 1);
        String deviation = graph.node(
                "Mul", graph.node("Add", deviation(tokens, 0), deviation(tokens, 1)), real("scale.half", 0.5));
        String mean = graph.node("Mul", graph.node("Add", mean(tokens, 0), mean(tokens, 1)), real("scale.both", 0.5));
        return graph.node("Add", graph.node("Mul", chunk, single(deviation)), single(mean));
    }

    /** One half's estimate of a token's deviation, in double: [T, 1, 1]. See {@link ScaleBorder}. */
    private String deviation(String tokens, int half) {
        String log = graph.node("Sub", average(tokens, half, 1), real("scale.log" + half, ScaleBorder.LOG_OFFSET));
        String shifted =
                graph.node("Sub", graph.node("Exp", log), real("scale.offset" + half, ScaleBorder.DEVIATION_OFFSET));
        return graph.node("Div", shifted, real("scale.factor" + half, ScaleBorder.DEVIATION_FACTOR));
    }

    private String mean(String tokens, int half) {
        return graph.node("Div", average(tokens, half, 0), real("scale.mean" + half, ScaleBorder.MEAN_FACTOR));
    }

    /** One half's mean copy of one member of the pair: its row, and every second row's last columns, in equal parts. */
    private String average(String tokens, int half, int member) {
        int width = ScaleBorder.WIDTH;
        String at = "scale." + half + "." + member;
        int border = layout.rows() - width + half;
        int column = layout.columns() - width + member;
        String row = sliced(tokens, at + ".row", 1, border, border + 1, 1);
        String alongRow = mean(sliced(row, at + ".copies", 2, member, layout.columns(), width), at + ".row");
        String end = sliced(tokens, at + ".column", 2, column, column + 1, 1);
        String alongColumn = mean(sliced(end, at + ".every", 1, half, layout.rows(), width), at + ".column");
        return graph.node("Mul", graph.node("Add", alongRow, alongColumn), real(at + ".half", 0.5));
    }

    private String mean(String x, String at) {
        String wide = cast(x, OnnxType.DOUBLE);
        return graph.node("ReduceMean", wide, graph.longs(name(at + ".axes"), 1, 2)); // keeps [T, 1, 1]
    }

    private String rounded(String values) {
        String official = cast(values, OnnxType.BFLOAT16); // what the official code saves, and AdapterPipeline keeps
        return switch (type) {
            case BFLOAT16 -> official;
            case FLOAT16 -> cast(single(official), OnnxType.FLOAT16);
            default -> single(official);
        };
    }

    /** [T, r, chunk] to [layers, elements of a layer]: every layer has the same tensors. */
    private String layers(String values) {
        List<ModuleTokens> places =
                layout.moduleTokens().subList(0, layout.modules().size());
        long[] counts = places.stream()
                .flatMap(place -> List.of((long) place.countA(), (long) place.countB()).stream())
                .mapToLong(Long::longValue)
                .toArray();
        long perLayer = layout.tokens() / layout.shape().layers();
        String byLayer = reshaped(values, "layers", layout.shape().layers(), perLayer, layout.rank(), layout.chunk());
        List<String> chunks = graph.node(
                "Split", List.of(byLayer, graph.longs(name("counts"), counts)), Map.of("axis", 1), counts.length);
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < places.size(); i++) {
            ModuleTokens place = places.get(i);
            long in = layout.shape().in(place.module());
            long out = layout.shape().out(place.module());
            parts.add(matrixA(chunks.get(2 * i), place, in));
            pad(parts, 2 * i, layout.rank() * in);
            parts.add(matrixB(chunks.get(2 * i + 1), place, out));
            pad(parts, 2 * i + 1, layout.rank() * out);
        }
        return graph.node("Concat", parts, Map.of("axis", 1));
    }

    /** [layers, chunks, r, chunk] to A of every layer: [layers, r * in]. */
    private String matrixA(String chunks, ModuleTokens place, long in) {
        String at = place.module().hfName() + ".a";
        String turned = graph.node("Transpose", List.of(chunks), Map.of("perm", List.of(0, 2, 1, 3)));
        long width = (long) place.countA() * layout.chunk();
        if (width == in) {
            return reshaped(turned, at, 0, layout.rank() * in);
        }
        String wide = reshaped(turned, at + ".wide", 0, layout.rank(), width);
        return reshaped(sliced(wide, at + ".narrow", 2, 0, in, 1), at, 0, layout.rank() * in);
    }

    /** [layers, chunks, r, chunk] to B of every layer: [layers, out * r]. */
    private String matrixB(String chunks, ModuleTokens place, long out) {
        String at = place.module().hfName() + ".b";
        String turned = graph.node("Transpose", List.of(chunks), Map.of("perm", List.of(0, 1, 3, 2)));
        long width = (long) place.countB() * layout.chunk();
        String flat = reshaped(turned, at, 0, width * layout.rank());
        return width == out ? flat : sliced(flat, at + ".narrow", 1, 0, out * layout.rank(), 1);
    }

    /** Zeros up to where the next tensor begins. */
    private void pad(List<String> parts, int tensor, long elements) {
        long next = tensor + 1 < frame.offsets().size() ? frame.offsets().get(tensor + 1) : frame.dataBytes();
        long zeros = (next - frame.offsets().get(tensor)) / type.bytes() - elements;
        if (zeros > 0) {
            long layers = layout.shape().layers();
            byte[] bytes = new byte[Math.toIntExact(layers * zeros * type.bytes())];
            parts.add(graph.initializer(
                    name("pad" + tensor),
                    type,
                    List.of(layers, zeros),
                    sink -> sink.put(MemorySegment.ofArray(bytes))));
        }
    }

    private String reshaped(String x, String shape, long... extents) {
        return graph.node("Reshape", x, graph.longs(name(shape + ".shape"), extents)); // 0 keeps an extent
    }

    private String sliced(String x, String range, int axis, long from, long to, long step) {
        return graph.node(
                "Slice",
                x,
                graph.longs(name(range + ".from"), from),
                graph.longs(name(range + ".to"), to),
                graph.longs(name(range + ".axis"), axis),
                graph.longs(name(range + ".step"), step));
    }

    private String single(String x) {
        return cast(x, OnnxType.FLOAT);
    }

    private String cast(String x, OnnxType to) {
        return graph.node("Cast", List.of(x), Map.of("to", to.code()));
    }

    private String real(String constant, double value) {
        return graph.scalar(name(constant), value);
    }

    private static String name(String constant) {
        return "adapter/" + constant;
    }
}
