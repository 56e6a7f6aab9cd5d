/**
 * ONNX files and ONNX Runtime sessions: {@link org.dndllm.onnx.OnnxGraph} writes models without any other library,
 * {@link org.dndllm.onnx.OnnxSession} runs them. Knows nothing of encoders, generators or adapters; the only package
 * besides its users {@code encoder} and {@code generator} that may see {@code ai.onnxruntime}.
 *
 * <p>Follows the ONNX specification: IR version 10, operator set 21, field numbers of {@code onnx.proto}.
 */
@NullMarked
package org.dndllm.onnx;

import org.jspecify.annotations.NullMarked;
