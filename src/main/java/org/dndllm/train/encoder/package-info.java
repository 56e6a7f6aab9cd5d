/**
 * Training of a small Sentence-BERT: masked-language modelling (arXiv 1810.04805 §3.1) together with contrastive tuning of
 * its mean-pooled embeddings (InfoNCE, arXiv 1807.03748), or of the encoder of an encoder-decoder (denoising, arXiv
 * 1910.13461 §2), then export as an encoder folder that {@code
 * org.dndllm.encoder.SentenceEncoder} opens. Knows tokens, not the texts that they come from.
 */
@NullMarked
package org.dndllm.train.encoder;

import org.jspecify.annotations.NullMarked;
