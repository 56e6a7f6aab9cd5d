package org.dndllm.engine;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.dndllm.format.DType;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.TensorView;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.PeftAdapter;

/** A sound PEFT folder of one pair (rank 4 on q_proj of layer 0), spoilt in one place each. */
final class MalformedPeft {
    private static final String CONFIG = "adapter_config.json";
    private static final String WEIGHTS = "adapter_model.safetensors";
    private static final String Q = "base_model.model.model.layers.0.self_attn.q_proj.";
    private static final String A = Q + "lora_A.weight";
    private static final String B = Q + "lora_B.weight";

    private final Path folder;
    private final BaseShape shape;
    private final List<MalformedInput> all = new ArrayList<>();

    private MalformedPeft(Path folder, BaseShape shape) {
        this.folder = folder;
        this.shape = shape;
    }

    static List<MalformedInput> of(Path folder, BaseShape shape) {
        MalformedPeft peft = new MalformedPeft(folder, shape);
        peft.folders();
        peft.configs();
        peft.tensors();
        return peft.all;
    }

    /** What a case may change before the folder is written. */
    private static final class Draft {
        final Map<String, Object> config = new LinkedHashMap<>(Map.of("peft_type", "LORA", "r", 4, "lora_alpha", 8));
        final Map<String, TensorView> tensors = new LinkedHashMap<>();

        Draft() {
            put(A, 4, 64);
            put(B, 64, 4);
        }

        Draft put(String name, long rows, long columns) {
            float[] zeros = new float[(int) (rows * columns)];
            tensors.put(name, TensorView.ofFloats(name, DType.F16, List.of(rows, columns), zeros));
            return this;
        }

        void write(Path target) {
            write(target, JsonWriter.write(config));
        }

        void write(Path target, String json) {
            GgufDraft.save(target, CONFIG, json.getBytes(StandardCharsets.UTF_8));
            SafetensorsWriter.write(target.resolve(WEIGHTS), List.copyOf(tensors.values()), Map.of("format", "pt"));
        }
    }

    private void add(String name, String file, String field, Consumer<Path> write) {
        Path target = folder.resolve("peft-" + all.size());
        all.add(new MalformedInput("PEFT", name, target.resolve(file).toString(), field, live -> {
            write.accept(target);
            PeftAdapter.read(target, shape);
        }));
    }

    private void config(String key, Object value) {
        add(key + " = " + value, CONFIG, key, target -> {
            Draft draft = new Draft();
            draft.config.put(key, value);
            draft.write(target);
        });
    }

    private void json(String name, String field, String text) {
        add(name, CONFIG, field, target -> new Draft().write(target, text));
    }

    private void tensor(String name, String field, Consumer<Draft> change) {
        add(name, WEIGHTS, field, target -> {
            Draft draft = new Draft();
            change.accept(draft);
            draft.write(target);
        });
    }

    private void folders() {
        add("absent folder", "", "folder", target -> {});
        add("no config", "", CONFIG, target -> {
            new Draft().write(target);
            target.resolve(CONFIG).toFile().delete();
        });
        add("no weights", "", WEIGHTS, target -> {
            new Draft().write(target);
            target.resolve(WEIGHTS).toFile().delete();
        });
        add("pickled weights only", "", "pickle", target -> {
            new Draft().write(target);
            target.resolve(WEIGHTS).toFile().delete();
            GgufDraft.save(target, "adapter_model.bin", new byte[10]);
        });
        add("weights are text", WEIGHTS, "header", target -> {
            new Draft().write(target);
            GgufDraft.save(target, WEIGHTS, "weights".getBytes(StandardCharsets.UTF_8));
        });
    }

    private void configs() {
        json("empty config", "$", "");
        json("cut config", "r", "{\"peft_type\": \"LORA\", \"r\": ");
        json("config is a list", "$", "[]");
        json("config without rank", "r", "{\"peft_type\": \"LORA\", \"lora_alpha\": 8}");
        json("config without alpha", "lora_alpha", "{\"peft_type\": \"LORA\", \"r\": 4}");
        json("config with a key twice", "r", "{\"peft_type\": \"LORA\", \"r\": 4, \"r\": 4, \"lora_alpha\": 8}");
        config("peft_type", "IA3");
        config("peft_type", 7);
        config("r", 0);
        config("r", -4);
        config("r", 4.5);
        config("r", "4");
        config("lora_alpha", 0);
        config("lora_alpha", "8");
        config("lora_alpha", 1e39);
        config("use_dora", true);
        config("bias", "all");
        config("fan_in_fan_out", true);
        config("modules_to_save", List.of("lm_head"));
        config("rank_pattern", Map.of("q_proj", 2));
        config("init_lora_weights", "pissa");
        config("trainable_token_indices", List.of(1));
    }

    private void tensors() {
        tensor("no tensors", "none", d -> d.tensors.clear());
        tensor("only A", "lora_B", d -> d.tensors.remove(B));
        tensor("only B", "lora_A", d -> d.tensors.remove(A));
        tensor("A of another base", A, d -> d.put(A, 4, 896));
        tensor("B transposed", B, d -> d.put(B, 4, 64));
        tensor("another rank than the config's", A, d -> d.put(A, 8, 64).put(B, 64, 8));
        tensor("missing layer", "layers.7", d -> d.put(Q.replace(".0.", ".7.") + "lora_A.weight", 4, 64));
        tensor("unknown module", "c_attn", d -> d.put(Q.replace("q_proj", "c_attn") + "lora_A.weight", 4, 64));
        tensor("DoRA magnitude", "DoRA", d -> d.put(Q + "lora_magnitude_vector.weight", 1, 64));
        tensor("lm_head", "lm_head", d -> d.put("base_model.model.lm_head.lora_A.weight", 4, 64));
        tensor("embedding", "embed_tokens", d -> d.put("base_model.model.model.embed_tokens.lora_embedding_A", 4, 655));
        tensor("whole weight", "norm", d -> d.put("base_model.model.model.norm.weight", 1, 64));
        tensor("NaN", A, d -> d.tensors.put(A, TensorView.ofFloats(A, List.of(4L, 64L), filled(Float.NaN))));
        tensor(
                "infinity",
                B,
                d -> d.tensors.put(B, TensorView.ofFloats(B, List.of(64L, 4L), filled(Float.NEGATIVE_INFINITY))));
    }

    private static float[] filled(float value) {
        float[] values = new float[256];
        values[255] = value;
        return values;
    }
}
