package org.dndllm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufFile;
import org.dndllm.format.JsonValue;
import org.dndllm.lora.BaseGguf;
import org.dndllm.lora.BaseShape;

/**
 * What a Qwen2 forward pass needs beside its weights.
 *
 * @param shape of the model
 * @param ropeBase base of the rotary frequencies
 * @param rmsEpsilon epsilon of the norms
 */
public record Qwen2Config(BaseShape shape, double ropeBase, double rmsEpsilon) {
    private static final double DEFAULT_ROPE_BASE = 10_000; // both formats, where the key is absent

    /** A new model with Qwen2.5's published settings. */
    public static Qwen2Config of(BaseShape shape) {
        return new Qwen2Config(shape, BaseGguf.ROPE_BASE, BaseGguf.RMS_EPSILON);
    }

    /**
     * From a GGUF file's metadata.
     *
     * @throws InvalidInputException naming the key that is missing or not supported
     */
    public static Qwen2Config of(GgufFile model) {
        BaseShape shape = BaseShape.fromGguf(model);
        String prefix = shape.architecture() + ".";
        String scaling = model.findString(prefix + "rope.scaling.type").orElse("none");
        if (!scaling.equals("none")) {
            throw new InvalidInputException(
                    model.source(), prefix + "rope.scaling.type", "is " + scaling + "; expected none");
        }
        return new Qwen2Config(
                shape,
                model.findNumber(prefix + "rope.freq_base").orElse(DEFAULT_ROPE_BASE),
                model.number(prefix + "attention.layer_norm_rms_epsilon"));
    }

    /**
     * From a Hugging Face {@code config.json}.
     *
     * @throws InvalidInputException naming the field that is missing or not supported
     */
    public static Qwen2Config of(Path configJson) {
        BaseShape shape = BaseShape.fromConfigJson(configJson);
        JsonValue.Obj json = read(configJson);
        if (json.has("use_sliding_window") && json.bool("use_sliding_window")) {
            throw new InvalidInputException(
                    configJson.toString(), "use_sliding_window", "is true; expected full attention");
        }
        if (json.find("rope_scaling")
                .map(value -> value instanceof JsonValue.Obj)
                .orElse(false)) {
            throw new InvalidInputException(configJson.toString(), "rope_scaling", "is set; expected none");
        }
        // Newer versions of transformers keep the base among the rope parameters.
        JsonValue.Obj rope = json.has("rope_parameters") ? json.object("rope_parameters") : json;
        double base = rope.has("rope_theta") ? rope.number("rope_theta") : DEFAULT_ROPE_BASE;
        return new Qwen2Config(shape, base, json.number("rms_norm_eps"));
    }

    private static JsonValue.Obj read(Path file) {
        try {
            return JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read: " + e.getMessage(), e);
        }
    }
}
