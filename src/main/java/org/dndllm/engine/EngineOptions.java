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
 * @param fused whether encoder, generator and detokenisation run as one graph on the processor too. On CUDA they do wherever
 *     {@code session} has a layout cache; on the processor it gains nothing and is there to be compared
 */
public record EngineOptions(
        SessionOptions session, ModelOptions model, ContextOptions context, GgmlType adapterType, boolean fused) {
    /** CPU, threads as the parts choose them, F16 adapters. */
    public static final EngineOptions DEFAULT =
            new EngineOptions(SessionOptions.defaults(), ModelOptions.CPU, ContextOptions.DEFAULT, GgmlType.F16);

    /** One graph on CUDA alone. */
    public EngineOptions(SessionOptions session, ModelOptions model, ContextOptions context, GgmlType adapterType) {
        this(session, model, context, adapterType, false);
    }

    public EngineOptions withSession(SessionOptions newSession) {
        return new EngineOptions(newSession, model, context, adapterType, fused);
    }

    public EngineOptions withFused() {
        return new EngineOptions(session, model, context, adapterType, true);
    }

    public EngineOptions withModel(ModelOptions newModel) {
        return new EngineOptions(session, newModel, context, adapterType, fused);
    }
}
