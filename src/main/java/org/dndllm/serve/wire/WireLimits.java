package org.dndllm.serve.wire;

import java.time.Duration;

/**
 * How long and how many.
 *
 * @param request time in which a request must have come whole, from its first byte
 * @param idle time that a connection may wait for its next request
 * @param stall time in which a client must take what is sent to it
 * @param connections held at once; more are closed at once
 */
public record WireLimits(Duration request, Duration idle, Duration stall, int connections) {
    /** A minute for a request, half a minute between two, a minute to take an answer's part, 1024 connections. */
    public static final WireLimits DEFAULT =
            new WireLimits(Duration.ofSeconds(60), Duration.ofSeconds(30), Duration.ofSeconds(60), 1024);
}
