/**
 * The condition of the generator: prompts through a frozen Sentence-BERT to token-level states [N, L, C] and, where a
 * single vector per text is wanted, to pooled embeddings [N, C].
 *
 * <p>Letters: N prompts, L positions, C channels (hidden size), H heads, D = C / H channels of a head, V vocabulary.
 * Sources: BERT (arXiv 1810.04805) as the {@code bert} model of Hugging Face computes it, Sentence-BERT (arXiv 1908.10084)
 * for pooling, arXiv 2506.16406 §3.2 for what the generator is given. This package knows nothing of adapters, LoRA or
 * llama.cpp.
 */
@NullMarked
package org.dndllm.encoder;

import org.jspecify.annotations.NullMarked;
