package org.dndllm.encoder;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.Arithmetic;
import org.dndllm.onnx.GraphPart;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.OnnxType;

/**
 * An encoder as the first part of a larger graph, which so keeps the condition where it runs. All prompts are encoded at
 * once, as {@link SentenceEncoder#encode(List, int)} encodes them: padding's states are the encoder's, long prompts are
 * cut into blocks.
 */
public final class EncoderPart {
    private static final String PREFIX = "encoder/";

    private EncoderPart() {}

    /**
     * Values of the graph that the encoder became a part of.
     *
     * @param states [1, N, L, C]: the condition
     * @param mask [1, N, L] float: 1 real token, 0 padding
     * @param means [N, C]: as {@link Condition#promptMeans()}, summed in float
     */
    public record Values(String states, String mask, String means) {}

    /**
     * Appends the encoder of a folder, with the graph's inputs {@code input_ids} and {@code attention_mask}, int64 [N, L].
     *
     * @param prompts N
     * @param length L
     * @param arithmetic in which it computes
     * @param progress told of the bytes of its constants as they stream
     * @throws InvalidInputException when the folder has no graph that dnd wrote, or the length does not suit it
     */
    public static Values append(
            OnnxGraph graph, Path folder, int prompts, int length, Arithmetic arithmetic, LongConsumer progress) {
        BertConfig config = BertConfig.read(folder.resolve("config.json"));
        int block = Math.min(length, config.maxPositions());
        if (length % block != 0) {
            throw new InvalidInputException(
                    folder.toString(),
                    "length",
                    "is " + length + "; expected at most " + config.maxPositions() + " positions, or a multiple");
        }
        Path file = EncoderFolder.graph(folder)
                .orElseThrow(() -> new InvalidInputException(
                        folder.toString(), "encoder.onnx", "is not there; take the whole bundle"));
        String ids = graph.input(BertGraph.INPUT_IDS, OnnxType.INT64, prompts, length);
        String mask = graph.input(BertGraph.ATTENTION_MASK, OnnxType.INT64, prompts, length);
        String rows = graph.longs(PREFIX + "rows", -1, block);
        String states = GraphPart.of(file)
                .appendTo(
                        graph,
                        PREFIX,
                        Map.of(
                                BertGraph.INPUT_IDS,
                                graph.node("Reshape", ids, rows),
                                BertGraph.ATTENTION_MASK,
                                graph.node("Reshape", mask, rows)),
                        BertGraph.STATES,
                        arithmetic,
                        progress); // [N * blocks, block, C]
        String condition =
                graph.node("Reshape", states, graph.longs(PREFIX + "condition", 1, prompts, length, config.hidden()));
        String real = graph.node("Cast", List.of(mask), Map.of("to", OnnxType.FLOAT.code())); // [N, L]
        String batch = graph.node("Reshape", real, graph.longs(PREFIX + "batch", 1, prompts, length));
        return new Values(condition, batch, means(graph, condition, batch));
    }

    /** Sums over positions and divides, as {@link Pooling#MEAN} does. */
    private static String means(OnnxGraph graph, String condition, String mask) {
        String positions = graph.longs(PREFIX + "positions", 2);
        String weights = graph.node("Unsqueeze", mask, graph.longs(PREFIX + "channels", 3)); // [1, N, L, 1]
        Map<String, Object> flat = Map.of("keepdims", 0);
        String sums = graph.node("ReduceSum", List.of(graph.node("Mul", condition, weights), positions), flat);
        String counts = graph.node("ReduceSum", List.of(weights, positions), flat); // [1, N, 1]
        String floor = graph.node("Max", counts, graph.scalar(PREFIX + "least", Pooling.MIN_COUNT));
        String means = graph.node("Div", sums, floor); // [1, N, C]
        return graph.node("Squeeze", means, graph.longs(PREFIX + "first", 0));
    }

    /** The inputs of such a graph. */
    public static Map<String, OnnxTensorValue> inputs(TokenBatch tokens) {
        return Map.of(
                BertGraph.INPUT_IDS,
                OnnxTensorValue.of(tokens.ids(), tokens.texts(), tokens.length()),
                BertGraph.ATTENTION_MASK,
                OnnxTensorValue.of(tokens.mask(), tokens.texts(), tokens.length()));
    }
}
