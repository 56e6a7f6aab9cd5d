package org.dndllm.train;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.TargetModule;
import org.dndllm.train.torch.Parameters;

/**
 * Names of a Qwen2 model's weights: Hugging Face's within training, GGUF's in GGUF files. Sources: {@code
 * modeling_qwen2.py} of transformers, {@code llama-arch.cpp} of llama.cpp.
 */
final class Qwen2Names {
    static final String EMBEDDING = "model.embed_tokens.weight";
    static final String FINAL_NORM = "model.norm.weight";
    static final String OUTPUT = "lm_head.weight";

    private static final Map<String, String> OUTER =
            Map.of(EMBEDDING, "token_embd.weight", FINAL_NORM, "output_norm.weight", OUTPUT, "output.weight");
    private static final Map<String, String> NORMS =
            Map.of("input_layernorm.weight", "attn_norm.weight", "post_attention_layernorm.weight", "ffn_norm.weight");

    private Qwen2Names() {}

    static String layer(int layer, String rest) {
        return "model.layers." + layer + "." + rest;
    }

    static String weight(int layer, TargetModule module) {
        return layer(layer, module.hfPath() + ".weight");
    }

    static String bias(int layer, TargetModule module) {
        return layer(layer, module.hfPath() + ".bias");
    }

    /** The query, key and value projections have biases. */
    static boolean biased(TargetModule module) {
        return switch (module) {
            case Q_PROJ, K_PROJ, V_PROJ -> true;
            default -> false;
        };
    }

    /** All weights of a model of that shape, by Hugging Face name; matrices are [out, in]. */
    static List<Parameters.Spec> specs(BaseShape shape) {
        List<Parameters.Spec> specs = new ArrayList<>();
        specs.add(Parameters.Spec.of(EMBEDDING, true, shape.vocab(), shape.hidden()));
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (String norm : List.of("input_layernorm.weight", "post_attention_layernorm.weight")) {
                specs.add(Parameters.Spec.of(layer(layer, norm), false, shape.hidden()));
            }
            for (TargetModule module : TargetModule.values()) {
                specs.add(Parameters.Spec.of(weight(layer, module), true, shape.out(module), shape.in(module)));
                if (biased(module)) {
                    specs.add(Parameters.Spec.of(bias(layer, module), false, shape.out(module)));
                }
            }
        }
        specs.add(Parameters.Spec.of(FINAL_NORM, false, shape.hidden()));
        if (!shape.tiedEmbeddings()) {
            specs.add(Parameters.Spec.of(OUTPUT, true, shape.vocab(), shape.hidden()));
        }
        return specs;
    }

    /** The GGUF name of a weight that {@link #specs} lists. */
    static String gguf(String name) {
        String outer = OUTER.get(name);
        if (outer != null) {
            return outer;
        }
        String[] parts = name.split("\\.", 4); // model, layers, number, rest
        String norm = NORMS.get(parts[3]);
        if (norm != null) {
            return "blk." + parts[2] + "." + norm;
        }
        int dot = parts[3].lastIndexOf('.');
        String module = TargetModule.byHfName(parts[3].substring(0, dot))
                .orElseThrow(() -> new IllegalArgumentException(name))
                .ggufName();
        return "blk." + parts[2] + "." + module + parts[3].substring(dot);
    }
}
