package org.dndllm.serve.metrics;

import java.util.Map;

/** Writes metrics in Prometheus' text form, one family after another. */
public final class PrometheusText {
    private final StringBuilder out = new StringBuilder();

    /** A number that only grows. */
    public PrometheusText counter(String name, String help, long value) {
        return head(name, "counter", help).sample(name, "", Long.toString(value));
    }

    /** A number that goes up and down. */
    public PrometheusText gauge(String name, String help, long value) {
        return head(name, "gauge", help).sample(name, "", Long.toString(value));
    }

    /** Counters of one name, by their labels as written between the braces. */
    public PrometheusText counters(String name, String help, Map<String, Long> byLabels) {
        head(name, "counter", help);
        byLabels.forEach((labels, value) -> sample(name, labels, Long.toString(value)));
        return this;
    }

    /** One histogram. */
    public PrometheusText histogram(String name, String help, Histogram histogram) {
        return histograms(name, help, Map.of("", histogram));
    }

    /** Histograms of one name, by their labels as written between the braces. */
    public PrometheusText histograms(String name, String help, Map<String, Histogram> byLabels) {
        head(name, "histogram", help);
        byLabels.forEach((labels, histogram) -> {
            String before = labels.isEmpty() ? "" : labels + ",";
            for (int i = 0; i < Histogram.BOUNDS.length; i++) {
                String bound = before + "le=\"" + Histogram.BOUNDS[i] + "\"";
                sample(name + "_bucket", bound, Long.toString(histogram.upTo(i)));
            }
            sample(name + "_bucket", before + "le=\"+Inf\"", Long.toString(histogram.count()));
            sample(name + "_sum", labels, Double.toString(histogram.seconds()));
            sample(name + "_count", labels, Long.toString(histogram.count()));
        });
        return this;
    }

    private PrometheusText head(String name, String type, String help) {
        out.append("# HELP ").append(name).append(' ').append(help).append('\n');
        out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
        return this;
    }

    private PrometheusText sample(String name, String labels, String value) {
        out.append(name);
        if (!labels.isEmpty()) {
            out.append('{').append(labels).append('}');
        }
        out.append(' ').append(value).append('\n');
        return this;
    }

    /** Everything written so far. */
    @Override
    public String toString() {
        return out.toString();
    }
}
