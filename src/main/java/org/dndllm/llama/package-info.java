/**
 * Safe object model over the generated bindings of llama.cpp v0.5.0: library loading, model, context, adapter, adapter
 * set, batch, sampler chain, chat template, image encoder, tokens and text. Only this package touches {@code
 * org.dndllm.bindings} and makes native calls to llama.cpp (llama.h, ggml-backend.h, mtmd.h).
 *
 * <p>Ownership: a {@link org.dndllm.llama.LlamaModel} owns the model pointer; contexts, adapters, image encoders and
 * sampler chains are owned by it and are closed before it. Every {@code close()} is idempotent, and every call afterwards is an
 * {@link IllegalStateException}. What llama.cpp would answer with an abort or a crash is refused in Java first; what
 * still gets through is caught by {@code CrashGuard}, which sacrifices a {@code NativeThread} instead of the process.
 *
 * <p>It knows nothing of encoders and generators: {@code engine} joins them.
 */
@NullMarked
package org.dndllm.llama;

import org.jspecify.annotations.NullMarked;
