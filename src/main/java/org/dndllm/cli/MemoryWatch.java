package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.dndllm.llama.Device;
import org.dndllm.llama.LlamaLibrary;

/**
 * The most memory that this process has while the object is open: looked at every 20 ms, so a shorter peak can be missed
 * ({@link Machine#peakResidentBytes} misses none, but knows only the whole, and of the whole life of the process). Of GPUs
 * what is less free than at the start, looked at when told, since asking a driver costs time: other programs count too.
 */
final class MemoryWatch implements AutoCloseable {
    private static final long INTERVAL_MILLIS = 20;

    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("memory-watch").factory());
    private final Map<String, Long> most = new TreeMap<>(); // guarded by this
    private final Map<String, Long> freeAtStart = gpus();
    private final Map<String, Long> leastFree = new TreeMap<>(freeAtStart); // guarded by this

    private MemoryWatch() {}

    static MemoryWatch start() {
        MemoryWatch watch = new MemoryWatch();
        watch.timer.scheduleAtFixedRate(watch::look, 0, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
        return watch;
    }

    private synchronized void look() {
        Machine.residentParts().forEach((name, bytes) -> most.merge(name, bytes, Math::max));
    }

    /** Asks the GPUs, and the system once more. */
    synchronized void lookAtAll() {
        look();
        gpus().forEach((name, free) -> leastFree.merge(name, free, Math::min));
    }

    private static Map<String, Long> gpus() {
        Map<String, Long> free = new TreeMap<>();
        for (Device device : LlamaLibrary.load().devices()) {
            if (device.kind() == Device.Kind.GPU || device.kind() == Device.Kind.INTEGRATED_GPU) {
                free.put(device.name(), device.freeBytes());
            }
        }
        return free;
    }

    /** Peaks in bytes; absent where the system does not tell. */
    synchronized Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        Machine.peakResidentBytes().ifPresent(bytes -> json.put("process_peak_resident_bytes", bytes));
        put(json, "peak_resident_bytes", "VmRSS");
        put(json, "peak_anonymous_bytes", "RssAnon");
        put(json, "peak_file_bytes", "RssFile");
        if (!freeAtStart.isEmpty()) {
            json.put("peak_gpu_bytes", used());
        }
        return json;
    }

    private void put(Map<String, Object> json, String member, String name) {
        Long bytes = most.get(name);
        if (bytes != null) {
            json.put(member, bytes);
        }
    }

    private long used() {
        return freeAtStart.entrySet().stream()
                .mapToLong(gpu -> gpu.getValue() - leastFree.getOrDefault(gpu.getKey(), gpu.getValue()))
                .sum();
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
