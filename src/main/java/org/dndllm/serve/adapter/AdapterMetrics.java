package org.dndllm.serve.adapter;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dndllm.serve.metrics.Histogram;
import org.dndllm.serve.metrics.PrometheusText;
import org.jspecify.annotations.Nullable;

/** What the registry counts; names as in Prometheus. Thread-safe. */
final class AdapterMetrics {
    private final Map<String, Histogram> generate = new LinkedHashMap<>(); // by label; never changed after construction
    private final Histogram attach = new Histogram();

    AdapterMetrics() {
        for (String stage : new String[] {"encode", "decode", "convert", "attach"}) {
            generate.put("stage=\"" + stage + "\"", new Histogram());
        }
    }

    /** Counts the stages of a generation or of a load; stage names are those of the engine. */
    void record(Map<String, Duration> stages, boolean generated) {
        if (generated) {
            count("encode", stages, "encode");
            count("decode", stages, "generate");
            count("convert", stages, "convert");
            count("attach", stages, "attach");
        }
        @Nullable Duration attached = stages.get("attach");
        if (attached != null) {
            attach.record(attached);
        }
    }

    private void count(String label, Map<String, Duration> stages, String stage) {
        @Nullable Duration time = stages.get(stage);
        @Nullable Histogram histogram = generate.get("stage=\"" + label + "\"");
        if (time != null && histogram != null) {
            histogram.record(time);
        }
    }

    void write(PrometheusText out, long adapters, long bytes) {
        out.gauge("dnd_adapters_loaded", "Adapters that requests can ask for.", adapters)
                .gauge("dnd_adapter_bytes", "Size of their files together.", bytes)
                .histograms("dnd_adapter_generate_seconds", "Stages of generating an adapter.", generate)
                .histogram("dnd_adapter_attach_seconds", "Attaching a loaded adapter for its probe.", attach);
    }
}
