package org.dndllm.eval.experiment;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.dndllm.engine.GeneratedAdapter;

/** Times and memory of generations. */
final class Stages {
    private final CostMeter meter;
    private final Map<String, List<Double>> millis = new LinkedHashMap<>();
    private long growth = -1; // of resident memory during a generation; -1 where it cannot be read
    private long size;

    /** @param meter of the job */
    Stages(CostMeter meter) {
        this.meter = meter;
    }

    /** Notes by how much resident memory rises at most during a generation. */
    void memory(Supplier<GeneratedAdapter> work) {
        meter.growth(work, bytes -> growth = bytes);
    }

    /** Seconds from prompts to attached adapter. */
    double add(GeneratedAdapter adapter, double attachSeconds) {
        double total = attachSeconds;
        for (var stage : adapter.provenance().times().entrySet()) {
            double seconds = stage.getValue().toNanos() / 1e9;
            note(stage.getKey(), seconds);
            total += seconds;
        }
        note("attach", attachSeconds);
        note("prompts_to_attached", total);
        return total;
    }

    private void note(String stage, double seconds) {
        millis.computeIfAbsent(stage, name -> new ArrayList<>()).add(1e3 * seconds);
    }

    void bytes(long adapter) {
        size = adapter;
    }

    /** Medians in milliseconds by stage, growth of memory and size of the adapter in bytes. */
    Map<String, Double> measures() {
        Map<String, Double> measures = new LinkedHashMap<>();
        millis.forEach((stage, values) -> measures.put(
                stage + "_ms",
                JobBench.median(values.stream().mapToDouble(Double::doubleValue).toArray())
                        .orElseThrow()));
        if (growth >= 0) {
            measures.put("generation_memory_bytes", (double) growth);
        }
        measures.put("adapter_bytes", (double) size);
        return measures;
    }
}
