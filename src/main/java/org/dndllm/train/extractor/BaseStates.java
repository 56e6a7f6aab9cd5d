package org.dndllm.train.extractor;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.EncoderShape;
import org.dndllm.encoder.EncoderTokenizer;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.GgufFile;
import org.dndllm.format.JsonWriter;
import org.dndllm.lora.BaseShape;
import org.dndllm.train.Qwen2Config;

/**
 * A base model's own hidden states as conditions: those after the last norm, of the text between the marks of a chat turn.
 * The paper read an inner layer of Qwen2.5-7B and found that nothing was learned (arXiv 2506.16406 Table 4b).
 */
public final class BaseStates {
    /** As many as a sentence encoder reads at once; longer prompts are cut into blocks. */
    private static final int MOST_POSITIONS = 512;

    private BaseStates() {}

    /**
     * Writes an encoder folder: {@code encoder.onnx} with all weights as float32, {@code config.json}, {@code
     * tokenizer.json}. It appears, or is replaced, whole or not at all.
     *
     * @param model a Qwen2 or Qwen2.5 model in F32, F16, BF16 or Q8_0
     * @throws InvalidInputException naming the key or tensor that is missing or not supported
     */
    public static void write(Path model, Path folder, boolean replace) {
        try (GgufFile gguf = GgufFile.open(model)) {
            Qwen2Config config = Qwen2Config.of(gguf);
            if (!config.shape().architecture().equals(BaseShape.QWEN2)) {
                throw new InvalidInputException(
                        gguf.source(),
                        "general.architecture",
                        "is " + config.shape().architecture() + "; expected qwen2, a model of text alone");
            }
            int positions = positions(gguf);
            EncoderShape shape = new EncoderShape(
                    config.shape().hidden(), positions, config.shape().vocab());
            Map<String, Object> tokenizer = BaseTokenizer.json(gguf);
            AtomicFile.writeFolder(
                    folder,
                    inside -> {
                        Map<String, Object> json = new LinkedHashMap<>(shape.toJson(EncoderShape.CAUSAL));
                        json.put("dnd_layer", "after the last norm");
                        AtomicFile.writeString(inside.resolve("config.json"), JsonWriter.write(json));
                        AtomicFile.writeString(inside.resolve("tokenizer.json"), JsonWriter.write(tokenizer));
                        CausalGraph.write(gguf, config, positions, inside.resolve("encoder.onnx"));
                    },
                    replace);
        }
    }

    private static int positions(GgufFile model) {
        long context = model.integer("qwen2.context_length");
        if (context < EncoderTokenizer.LEAST_POSITIONS) {
            throw new InvalidInputException(
                    model.source(),
                    "qwen2.context_length",
                    "is " + context + "; expected at least " + EncoderTokenizer.LEAST_POSITIONS);
        }
        return (int) Math.min(context, MOST_POSITIONS);
    }
}
