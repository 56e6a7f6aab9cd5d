/**
 * The flow as one small public API: unlabelled prompts, condition, weight tokens, LoRA adapter, live model. Joins
 * {@code encoder}, {@code generator}, {@code lora} and {@code llama}, which never see each other; knows nothing of the
 * command line or HTTP. Method: arXiv 2506.16406 §3.
 */
@NullMarked
package org.dndllm.engine;

import org.jspecify.annotations.NullMarked;
