package org.dndllm.llama;

import java.util.List;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.BaseShape;

/**
 * Metadata of a base model that decide how llama.cpp computes: it asserts on most wrong values, at load or in the first
 * decode, and answers the others with NaN. Source: {@code llama-model.cpp: load_hparams}, {@code models/qwen2.cpp},
 * {@code ggml.c: ggml_rms_norm, ggml_rope_impl}.
 */
final class ModelKeys {
    private static final Set<String> ROPE_SCALINGS = Set.of("none", "linear", "yarn", "longrope");
    /** Neither Qwen2 nor Qwen2.5 has them; llama.cpp reads them whatever the architecture, and asserts on the counts. */
    private static final List<String> FOREIGN = List.of("expert_", "nextn_predict_layers");

    private final GgufFile file;
    private final String prefix;
    private final BaseShape shape;

    private ModelKeys(GgufFile file, BaseShape shape) {
        this.file = file;
        this.shape = shape;
        prefix = shape.architecture() + ".";
    }

    /** @throws InvalidInputException naming the key at fault */
    static void check(GgufFile file, BaseShape shape) {
        ModelKeys keys = new ModelKeys(file, shape);
        keys.foreign();
        keys.lengths();
        keys.numbers();
        keys.rope();
        keys.attention();
    }

    private void foreign() {
        for (String key : file.metadata().keySet()) {
            for (String start : FOREIGN) {
                if (key.startsWith(prefix + start)) {
                    throw bad(key, "belongs to another architecture; choose a dense Qwen2 or Qwen2.5 model");
                }
            }
        }
    }

    private void lengths() {
        for (String name : List.of("attention.key_length", "attention.value_length", "rope.dimension_count")) {
            equal(prefix + name, shape.headDim(), "the size of a head");
        }
        // llama.cpp lays out its buffer of hidden states by this one
        equal(prefix + "embedding_length_out", shape.hidden(), "the hidden size");
    }

    private void equal(String key, int expected, String what) {
        file.findInteger(key).ifPresent(found -> {
            if (found != expected) {
                throw bad(key, "is " + found + "; expected " + expected + ", " + what);
            }
        });
    }

    private void numbers() {
        String eps = prefix + "attention.layer_norm_rms_epsilon";
        double epsilon = file.number(eps);
        if (!(epsilon >= 0 && epsilon < 1)) {
            throw bad(eps, "is " + epsilon + "; expected 0 or more, below 1");
        }
        for (String name : List.of("rope.freq_base", "rope.scaling.factor", "rope.scaling.attn_factor")) {
            String key = prefix + name;
            file.findNumber(key).ifPresent(value -> {
                if (!(value > 0 && value <= Float.MAX_VALUE)) {
                    throw bad(key, "is " + value + "; expected a positive, finite number");
                }
            });
        }
    }

    private void rope() {
        String type = prefix + "rope.scaling.type";
        file.findString(type).ifPresent(name -> {
            if (!ROPE_SCALINGS.contains(name)) {
                throw bad(type, "is '" + name + "'; expected none, linear, yarn or longrope");
            }
        });
        String sections = prefix + "rope.dimension_sections";
        if (shape.architecture().equals(BaseShape.QWEN2_VL)) {
            long[] found = file.integers(sections);
            long sum = 0;
            for (int i = 0; i < found.length; i++) {
                if (found[i] < 0 || found[i] > shape.headDim()) {
                    throw bad(sections, "has a section of " + found[i] + "; expected 0 to " + shape.headDim());
                }
                sum += i < 3 ? found[i] : 0; // time, height, width; the fourth may be anything
            }
            if (sum < 1 || sum > shape.headDim()) {
                throw bad(sections, "add up to " + sum + "; expected 1 to " + shape.headDim());
            }
        }
    }

    private void attention() {
        String causal = prefix + "attention.causal";
        file.findBool(causal).ifPresent(value -> {
            if (!value) {
                throw bad(causal, "is false: an embedding model cannot generate; choose a causal model");
            }
        });
    }

    private InvalidInputException bad(String key, String problem) {
        return new InvalidInputException(file.source(), key, problem);
    }
}
