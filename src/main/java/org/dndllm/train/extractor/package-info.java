/**
 * Other sources of conditions than the shipped Sentence-BERT, for comparison (arXiv 2506.16406 Table 4b): vectors of tokens
 * without their context, and a base model's own hidden states. Each is written as an encoder folder that {@code
 * org.dndllm.encoder.SentenceEncoder} opens, so that training, bundles and diagnosis need not know the difference. Needs no
 * LibTorch. Encoder-decoder states are trained in {@code org.dndllm.train.encoder}.
 */
@NullMarked
package org.dndllm.train.extractor;

import org.jspecify.annotations.NullMarked;
