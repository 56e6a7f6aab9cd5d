package org.dndllm.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import org.dndllm.llama.Device;
import org.dndllm.llama.LlamaLibrary;

/** What a measurement ran on, and the counters it needs. */
final class Machine {
    private static final Set<String> RESIDENT_PARTS = Set.of("VmRSS", "RssAnon", "RssFile");

    private Machine() {}

    static Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("processors", Runtime.getRuntime().availableProcessors());
        facts.put(
                "cpu",
                LlamaLibrary.load().devices().stream()
                        .filter(device -> device.kind() == Device.Kind.CPU)
                        .map(device -> device.description().strip())
                        .findFirst()
                        .orElse("unknown"));
        facts.put("jdk", Runtime.version().toString());
        facts.put("llama.cpp", LlamaLibrary.load().version());
        facts.put("load_average", ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage());
        return facts;
    }

    /** CPU time of the calling thread in milliseconds. */
    static double threadCpuMillis() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() / 1e6;
    }

    /** Resident memory of this process in bytes, where the system tells (Linux). */
    static OptionalLong residentBytes() {
        return status("VmRSS:");
    }

    /** The most that {@link #residentBytes} ever was. */
    static OptionalLong peakResidentBytes() {
        return status("VmHWM:");
    }

    /**
     * Memory of this process, each where the system tells: resident, of that anonymous, of that pages of mapped files,
     * which the system can drop and read again; in bytes by the names {@code VmRSS}, {@code RssAnon}, {@code RssFile}.
     */
    static Map<String, Long> residentParts() {
        Map<String, Long> found = new LinkedHashMap<>();
        for (String line : status()) {
            String name = line.substring(0, Math.max(0, line.indexOf(':')));
            if (RESIDENT_PARTS.contains(name)) {
                found.put(name, bytes(line));
            }
        }
        return found;
    }

    private static OptionalLong status(String field) {
        return status().stream()
                .filter(line -> line.startsWith(field))
                .mapToLong(Machine::bytes)
                .findFirst();
    }

    private static long bytes(String line) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
    }

    private static List<String> status() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status"));
        } catch (IOException e) {
            return List.of();
        }
    }
}
