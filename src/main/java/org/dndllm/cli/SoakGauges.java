package org.dndllm.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.serve.DndServer;
import org.dndllm.serve.schedule.SchedulerMetrics;

/** What could leak, looked at again and again while a server is under load. One thread. */
final class SoakGauges {
    private static final double MEGA = 1e6;

    private final Map<String, DoubleSupplier> gauges = new LinkedHashMap<>();
    private final Map<String, SoakTrend> trends = new LinkedHashMap<>();
    private final long start = System.nanoTime();

    SoakGauges(DndServer server) {
        SchedulerMetrics scheduler = server.metrics();
        gauges.put("resident_mb", SoakGauges::resident);
        gauges.put("heap_live_mb", SoakGauges::liveHeap);
        gauges.put("file_handles", SoakGauges::handles);
        gauges.put("threads", () -> ManagementFactory.getThreadMXBean().getThreadCount());
        gauges.put("connections", server::connections);
        gauges.put("contexts", scheduler::contexts);
        gauges.put("sequences", scheduler::running);
        gauges.put("queue", scheduler::waiting);
        gauges.put("adapters", () -> server.registry().cards().size());
        gauges.keySet().forEach(name -> trends.put(name, new SoakTrend()));
    }

    /** Notes all of them. */
    void sample() {
        double minute = (System.nanoTime() - start) / 60e9;
        gauges.forEach((name, gauge) -> trend(name).add(minute, gauge.getAsDouble()));
    }

    Map<String, SoakTrend> trends() {
        return trends;
    }

    SoakTrend trend(String name) {
        SoakTrend trend = trends.get(name);
        if (trend == null) {
            throw new AssertionError("no gauge " + name);
        }
        return trend;
    }

    private static double resident() {
        return Machine.residentBytes()
                        .orElseThrow(
                                () -> new EnvironmentException("resident memory is read from /proc, which is not here"))
                / MEGA;
    }

    /** Objects that are reachable: what is left by a collection. */
    private static double liveHeap() {
        ManagementFactory.getMemoryMXBean().gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / MEGA;
    }

    private static double handles() {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.count();
        } catch (IOException e) {
            throw new EnvironmentException("open files are counted in /proc, which is not here: " + e, e);
        }
    }
}
