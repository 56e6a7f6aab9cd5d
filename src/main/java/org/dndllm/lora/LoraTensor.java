package org.dndllm.lora;

/**
 * The pair of matrices that an adapter adds to one module of one layer. The arrays are not copied: whoever makes a
 * LoraTensor gives them away and changes them no more.
 *
 * @param layer index of the block, from 0
 * @param module the module within the block
 * @param a [r, in] row-major
 * @param b [out, r] row-major
 */
@SuppressWarnings("ArrayRecordComponent") // millions of floats: a copy per access would cost more than the flow itself
public record LoraTensor(int layer, TargetModule module, float[] a, float[] b) {
    /** How messages name this pair: {@code layer 3 self_attn.q_proj}. */
    public String label() {
        return label(layer, module);
    }

    static String label(int layer, TargetModule module) {
        return "layer " + layer + " " + module.hfPath();
    }
}
