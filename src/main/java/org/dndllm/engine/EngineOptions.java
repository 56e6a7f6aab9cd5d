package org.dndllm.engine;

import org.dndllm.format.GgmlType;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.ModelOptions;
import org.dndllm.onnx.SessionOptions;

/**
 * How to run the parts.
 *
 * @param session ONNX Runtime: execution provider and threads
 * @param model llama.cpp: GPU layers, mapping
 * @param context llama.cpp: context length, threads
 * @param adapterType dtype in which an adapter reaches llama.cpp: F32, F16 or BF16
 */
public record EngineOptions(SessionOptions session, ModelOptions model, ContextOptions context, GgmlType adapterType) {
    /** CPU, threads as the parts choose them, F16 adapters. */
    public static final EngineOptions DEFAULT =
            new EngineOptions(SessionOptions.defaults(), ModelOptions.CPU, ContextOptions.DEFAULT, GgmlType.F16);
}
