package org.dndllm.serve.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PrometheusTextTest {

    @Test
    void write_everyKind_inTheTextForm() {
        Histogram histogram = new Histogram();
        histogram.record(Duration.ofMillis(2));
        histogram.record(Duration.ofMinutes(5));

        String text = new PrometheusText()
                .counter("a_total", "A.", 3)
                .gauge("b", "B.", 4)
                .counters("c_total", "C.", Map.of("endpoint=\"/x\"", 5L))
                .histogram("d_seconds", "D.", histogram)
                .toString();

        assertThat(text.lines())
                .contains("# TYPE a_total counter", "a_total 3", "# TYPE b gauge", "b 4")
                .contains("c_total{endpoint=\"/x\"} 5")
                .contains("d_seconds_bucket{le=\"0.001\"} 0", "d_seconds_bucket{le=\"0.0025\"} 1")
                .contains("d_seconds_bucket{le=\"60.0\"} 1", "d_seconds_bucket{le=\"+Inf\"} 2")
                .contains("d_seconds_sum 300.002", "d_seconds_count 2");
        assertThat(text).endsWith("\n");
    }
}
