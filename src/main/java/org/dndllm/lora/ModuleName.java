package org.dndllm.lora;

import java.util.Comparator;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A module of one layer, and its weight's name in GGUF files: {@code blk.3.attn_q.weight}. */
public record ModuleName(int layer, TargetModule module) {
    // No leading zeros: llama.cpp looks tensors up by the exact name.
    private static final Pattern WEIGHT = Pattern.compile("blk\\.(0|[1-9]\\d{0,5})\\.([a-z_]+)\\.weight");

    static final Comparator<ModuleName> ORDER =
            Comparator.comparingInt(ModuleName::layer).thenComparing(ModuleName::module);

    /** The module that a weight of that name in a GGUF file belongs to; empty for any other tensor. */
    public static Optional<ModuleName> parse(String name) {
        Matcher matcher = WEIGHT.matcher(name);
        return matcher.matches()
                ? TargetModule.byGgufName(matcher.group(2))
                        .map(module -> new ModuleName(Integer.parseInt(matcher.group(1)), module))
                : Optional.empty();
    }

    /** Its path in a Hugging Face model: {@code layers.3.self_attn.q_proj}. */
    public String path() {
        return "layers." + layer + "." + module.hfPath();
    }

    /** Its weight's name in a GGUF file. */
    public String weight() {
        return "blk." + layer + "." + module.ggufName() + ".weight";
    }
}
