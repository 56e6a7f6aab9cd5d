package org.dndllm.llama;

import java.util.Optional;
import org.dndllm.InvalidInputException;

/**
 * How a base model is loaded.
 *
 * @param gpuLayers layers to place on a GPU; 0 for none, {@link #ALL_LAYERS} for all
 * @param backend backend that must hold the GPU layers: {@code cuda}, {@code vulkan}, {@code metal}, or {@code cpu} for none
 * @param memoryMap map the file instead of reading it: faster start, pages shared between processes
 * @param checkTensors let llama.cpp look for NaN and infinity in every tensor while loading (reads the whole file)
 * @param chatTemplate Jinja text that counts instead of the model's own; checked by {@link ChatTemplate#requireChatMl}
 */
public record ModelOptions(
        int gpuLayers, String backend, boolean memoryMap, boolean checkTensors, Optional<String> chatTemplate) {
    /** Every layer on the GPU. */
    public static final int ALL_LAYERS = Integer.MAX_VALUE;

    /** The model on the CPU, memory-mapped. */
    public static final ModelOptions CPU = new ModelOptions(0, NativeLibrary.CPU, true, false, Optional.empty());

    public ModelOptions {
        chatTemplate.ifPresent(text -> ChatTemplate.requireChatMl("model options", text));
        if (gpuLayers < 0) {
            throw new InvalidInputException(
                    "model options", "gpuLayers", gpuLayers + " is negative; give 0 for none or ALL_LAYERS");
        }
        if (gpuLayers > 0 && backend.equals(NativeLibrary.CPU)) {
            throw new InvalidInputException(
                    "model options",
                    "backend",
                    "gpuLayers is " + gpuLayers
                            + " but the backend is cpu; name the GPU's backend, or give gpuLayers 0");
        }
    }

    /** The same with another chat template. */
    public ModelOptions withChatTemplate(String text) {
        return new ModelOptions(gpuLayers, backend, memoryMap, checkTensors, Optional.of(text));
    }

    /** All layers on the GPU that {@code backend} drives; loading fails where there is none. */
    public static ModelOptions gpu(String backend) {
        return new ModelOptions(ALL_LAYERS, backend, true, false, Optional.empty());
    }
}
