/**
 * The generator: from the condition [N, L, C] of a task's prompts to the weight tokens [T, R, W] of an adapter, in one
 * forward pass. Holds the configurations, initial weights and ONNX graphs of two families, the paper's
 * hyper-convolutional decoder and the compact one, and the session that runs either. Knows neither how prompts are encoded nor what a base model does with the tokens.
 *
 * <p>Source: arXiv 2506.16406 §3 and the official code, commit 60e2192, {@code module/hyperconv.py} and
 * {@code model/decoderonly.py}.
 */
@NullMarked
package org.dndllm.generator;

import org.jspecify.annotations.NullMarked;
