/**
 * LoRA adapters as values: which modules of a base model they touch, their weights, the official tokenisation, PEFT
 * folders and GGUF adapters in both directions, blends, norms, and the canonical form that makes adapters of any origin
 * comparable ({@link org.dndllm.lora.CanonicalForm}).
 *
 * <p>Everything here is pure Java over {@code org.dndllm.format}; this package knows no native library, no ONNX and no
 * generator. What llama.cpp would abort on, crash on or keep silent about is refused here first
 * ({@link org.dndllm.lora.GgufAdapter#validate}). A trained adapter is never needed as a template: names and shapes come
 * from the base model's own metadata ({@link org.dndllm.lora.BaseShape}).
 *
 * <p>Letters in shapes: T weight tokens, R rows of a token, W columns of a token; r rank; {@code in}, {@code out} features
 * of a module. LoRA adds {@code scale * B * A} to a weight [out, in], with A [r, in], B [out, r], scale = alpha / r
 * (arXiv 2106.09685). Tokens: arXiv 2506.16406 §3.
 */
@NullMarked
package org.dndllm.lora;

import org.jspecify.annotations.NullMarked;
