package org.dndllm.llama;

import java.util.Locale;

/**
 * A device that ggml found on this machine.
 *
 * @param name ggml's name for it, {@code CPU} or {@code CUDA0}
 * @param description the product, as the driver tells it
 * @param backend the backend that drives it, {@code CPU}, {@code CUDA}, {@code Vulkan}
 * @param kind what it is
 * @param freeBytes memory that is free now; zero where the backend does not tell
 * @param totalBytes all of its memory; zero where the backend does not tell
 */
public record Device(String name, String description, String backend, Kind kind, long freeBytes, long totalBytes) {
    /** enum ggml_backend_dev_type. */
    public enum Kind {
        CPU,
        GPU,
        INTEGRATED_GPU,
        ACCELERATOR,
        OTHER;

        static Kind of(int type) {
            return switch (type) {
                case 0 -> CPU;
                case 1 -> GPU;
                case 2 -> INTEGRATED_GPU;
                case 3 -> ACCELERATOR;
                default -> OTHER;
            };
        }
    }

    boolean isGpu() {
        return kind == Kind.GPU || kind == Kind.INTEGRATED_GPU;
    }

    boolean drivenBy(String wanted) {
        // ggml calls Apple's backend MTL in newer versions
        String mine = backend.toLowerCase(Locale.ROOT).replace("mtl", "metal");
        return mine.equals(wanted.toLowerCase(Locale.ROOT));
    }
}
