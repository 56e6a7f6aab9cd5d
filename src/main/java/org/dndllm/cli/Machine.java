package org.dndllm.cli;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;
import org.dndllm.llama.Device;
import org.dndllm.llama.LlamaLibrary;

/** What a measurement ran on, and the counters it needs. */
final class Machine {
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

    /** Resident memory that no file stands behind. */
    static OptionalLong anonymousBytes() {
        return status("RssAnon:");
    }

    /** Resident pages of mapped files, which the system takes back when it needs them. */
    static OptionalLong filePageBytes() {
        return status("RssFile:");
    }

    /** CPU time of all threads of this process in seconds. */
    static double processCpuSeconds() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getProcessCpuTime() / 1e9;
    }

    private static OptionalLong status(String field) {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            return lines.filter(line -> line.startsWith(field))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
                    .findFirst();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }
}
