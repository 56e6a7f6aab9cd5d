/** Counters and histograms that threads add to without waiting, and their Prometheus text form (exposition format 0.0.4). */
@NullMarked
package org.dndllm.serve.metrics;

import org.jspecify.annotations.NullMarked;
