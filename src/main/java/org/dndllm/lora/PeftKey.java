package org.dndllm.lora;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;

/**
 * A tensor's key in a PEFT adapter: {@code base_model.model.model.layers.3.self_attn.q_proj.lora_A.weight}. People ship
 * variants: an adapter name before {@code .weight} (raw state dicts), the language model of a VL model one level deeper,
 * the prefixes of torch.compile and of data parallel wrappers, or no prefix at all.
 */
record PeftKey(int layer, TargetModule module, boolean isA) {
    private static final Pattern KEY = Pattern.compile("(?:(?:module|_orig_mod|base_model|model|language_model)\\.)*"
            + "layers\\.(\\d{1,6})\\.((?:self_attn|mlp)\\.[a-z_]+)\\.lora_([AB])(?:\\.[A-Za-z0-9_-]+)?\\.weight");

    static PeftKey parse(String key, String source) {
        Matcher matcher = KEY.matcher(key);
        if (!matcher.matches()) {
            throw new InvalidInputException(source, key, whyNot(key));
        }
        Optional<TargetModule> module = TargetModule.byHfName(matcher.group(2));
        return new PeftKey(
                Integer.parseInt(matcher.group(1)),
                module.orElseThrow(() -> new InvalidInputException(
                        source, key, "module " + matcher.group(2) + " is not one of Qwen2's seven linear modules")),
                matcher.group(3).equals("A"));
    }

    /** The key that PEFT writes for a language model. */
    static String of(LoraTensor pair, char matrix) {
        return "base_model.model.model." + new ModuleName(pair.layer(), pair.module()).path() + ".lora_" + matrix
                + ".weight";
    }

    private static String whyNot(String key) {
        if (key.contains("lora_magnitude_vector")) {
            return "is the magnitude of a DoRA, which llama.cpp cannot apply; train with use_dora false";
        }
        if (key.contains("lora_embedding_")) {
            return "adapts the embedding; train without embed_tokens among the target modules";
        }
        if (key.contains("visual.") || key.contains("vision")) {
            return "adapts the vision part; only the language part is supported";
        }
        if (key.contains("lm_head")) {
            return "adapts lm_head; train without it among the target modules";
        }
        if (key.contains("modules_to_save") || !key.contains("lora_")) {
            return "is a whole weight (modules_to_save or a trained norm or bias), not a LoRA pair; train without it";
        }
        if (key.endsWith(".bias")) {
            return "is a bias of a LoRA pair; train with lora_bias false";
        }
        return "is not a LoRA pair of a Qwen2 layer; expected keys such as "
                + "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight";
    }
}
