package org.dndllm.cli;

import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.dndllm.llama.Device;
import org.dndllm.llama.LlamaLibrary;

/**
 * What is less free on the GPUs than when this object was made: of all programs that use them. Looked at when told, since
 * asking a driver costs time.
 */
final class GpuMemory {
    private final Map<String, Long> freeAtStart = free();
    private final Map<String, Long> leastFree = new TreeMap<>(freeAtStart);

    void look() {
        free().forEach((name, bytes) -> leastFree.merge(name, bytes, Math::min));
    }

    private static Map<String, Long> free() {
        Map<String, Long> free = new TreeMap<>();
        for (Device device : LlamaLibrary.load().devices()) {
            if (device.kind() == Device.Kind.GPU || device.kind() == Device.Kind.INTEGRATED_GPU) {
                free.put(device.name(), device.freeBytes());
            }
        }
        return free;
    }

    /** The most that was seen, in bytes; empty without a GPU. */
    OptionalLong peakBytes() {
        return freeAtStart.entrySet().stream()
                .mapToLong(gpu -> gpu.getValue() - leastFree.getOrDefault(gpu.getKey(), gpu.getValue()))
                .reduce(Long::sum);
    }
}
