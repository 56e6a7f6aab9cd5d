package org.dndllm.lora;

import java.util.Optional;

/**
 * The linear modules of a Qwen2 block that an adapter can touch. Declaration order is the order of the official weight
 * tokens within a layer: attention first, then up, gate, down.
 *
 * <p>Names: Hugging Face {@code modeling_qwen2.py}; llama.cpp {@code llama-arch.cpp}.
 */
public enum TargetModule {
    Q_PROJ("self_attn", "q_proj", "attn_q"),
    K_PROJ("self_attn", "k_proj", "attn_k"),
    V_PROJ("self_attn", "v_proj", "attn_v"),
    O_PROJ("self_attn", "o_proj", "attn_output"),
    UP_PROJ("mlp", "up_proj", "ffn_up"),
    GATE_PROJ("mlp", "gate_proj", "ffn_gate"),
    DOWN_PROJ("mlp", "down_proj", "ffn_down");

    private final String hfPath;
    private final String hfName;
    private final String ggufName;

    TargetModule(String parent, String hfName, String ggufName) {
        this.hfPath = parent + "." + hfName;
        this.hfName = hfName;
        this.ggufName = ggufName;
    }

    /** The name in a PEFT config's {@code target_modules}, such as {@code q_proj}. */
    public String hfName() {
        return hfName;
    }

    /** The path within a Hugging Face layer, such as {@code self_attn.q_proj}. */
    public String hfPath() {
        return hfPath;
    }

    /** The name within a GGUF block, such as {@code attn_q}. */
    public String ggufName() {
        return ggufName;
    }

    /** The module with that Hugging Face name ({@code q_proj}) or path ({@code self_attn.q_proj}). */
    public static Optional<TargetModule> byHfName(String name) {
        for (TargetModule module : values()) {
            if (module.hfName.equals(name) || module.hfPath.equals(name)) {
                return Optional.of(module);
            }
        }
        return Optional.empty();
    }

    /** The module with that GGUF name ({@code attn_q}). */
    public static Optional<TargetModule> byGgufName(String name) {
        for (TargetModule module : values()) {
            if (module.ggufName.equals(name)) {
                return Optional.of(module);
            }
        }
        return Optional.empty();
    }
}
