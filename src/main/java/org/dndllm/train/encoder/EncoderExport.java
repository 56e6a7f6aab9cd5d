package org.dndllm.train.encoder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.BertConfig;
import org.dndllm.encoder.BertGraph;
import org.dndllm.encoder.Condition;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.SessionOptions;

/** Writes a trained encoder as a folder that opens as a {@link SentenceEncoder}. */
public final class EncoderExport {
    /** Largest difference of a token state between LibTorch and ONNX Runtime, as a share of the largest state. */
    public static final double TOLERANCE = 1e-4;

    private EncoderExport() {}

    /**
     * Writes {@code model.safetensors}, {@code config.json}, the tokenizer's files and {@code encoder.onnx}, and compares
     * what the folder computes with the training's own forward pass. The folder appears, or is replaced, whole or not at all.
     *
     * @param tokenizer folder with {@code vocab.txt} and {@code tokenizer_config.json}
     * @param marks further fields of {@code config.json}
     * @param probes texts for the comparison, at least one
     * @return the largest difference of a token state, as a share of the largest state
     * @throws InvalidInputException when the difference is more than {@link #TOLERANCE}
     */
    public static double write(
            TrainedEncoder trained, Path tokenizer, Map<String, ?> marks, List<String> probes, Path folder) {
        double[] difference = new double[1];
        AtomicFile.writeFolder(
                folder,
                inside -> {
                    BertConfig config = trained.config();
                    List<TensorView> weights = new ArrayList<>();
                    config.tensorShapes()
                            .forEach((name, shape) ->
                                    weights.add(TensorView.ofFloats(name, shape, trained.weight(name))));
                    SafetensorsWriter.write(inside.resolve("model.safetensors"), weights, Map.of("format", "pt"));
                    Map<String, Object> json = new LinkedHashMap<>(config.toJson());
                    json.putAll(marks);
                    AtomicFile.writeString(inside.resolve("config.json"), JsonWriter.write(json));
                    for (String file : List.of("vocab.txt", "tokenizer_config.json")) {
                        Files.copy(tokenizer.resolve(file), inside.resolve(file));
                    }
                    BertGraph.export(inside, inside.resolve("encoder.onnx"));
                    difference[0] = difference(trained, inside, probes);
                    if (!(difference[0] <= TOLERANCE)) {
                        throw new InvalidInputException(
                                folder.toString(),
                                "token states",
                                "differ by " + difference[0] + " of the largest between LibTorch and ONNX Runtime,"
                                        + " expected at most " + TOLERANCE + "; nothing was written");
                    }
                },
                true);
        return difference[0];
    }

    private static double difference(TrainedEncoder trained, Path folder, List<String> probes) {
        try (SentenceEncoder encoder = SentenceEncoder.open(folder, SessionOptions.defaults())) {
            List<int[]> ids = probes.stream().map(encoder.tokenizer()::encode).toList();
            int length = ids.stream().mapToInt(text -> text.length).max().orElseThrow();
            Condition condition = encoder.encode(probes, length);
            List<float[]> expected = trained.states(ids);
            double worst = 0;
            double largest = 0;
            for (int row = 0; row < expected.size(); row++) {
                float[] states = expected.get(row);
                int from = row * length * condition.width();
                for (int i = 0; i < states.length; i++) {
                    worst = Math.max(worst, Math.abs(states[i] - condition.states()[from + i]));
                    largest = Math.max(largest, Math.abs(states[i]));
                }
            }
            return worst / largest;
        }
    }
}
