package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A soak of a few seconds; the long one is run by hand. */
class BenchServeSoakIT {
    @Test
    void serveSoak_aFewSeconds_everyKindOfRequestAndAGoodVerdict() {
        JsonNode json = Cli.run("bench", "serve-soak", "--minutes", 0.1, "--streams", 4, "--seed", 3, "--json")
                .json();

        assertThat(json.get("failed").asInt()).as("%s", json.get("problems")).isZero();
        assertThat(json.get("good").asBoolean()).as("%s", json.get("checks")).isTrue();
        assertThat(json.get("requests").asInt()).isGreaterThan(20);
        assertThat(json.get("requests_by_kind").propertyNames()).contains("streamed", "whole", "guest", "unload");
        assertThat(json.at("/resident_mb/n").asInt()).isGreaterThan(3);
        assertThat(json.at("/file_handles/last").asDouble()).isPositive();
        assertThat(json.at("/adapters/last")).isEqualTo(json.at("/adapters/first"));
        assertThat(json.at("/checks/8/judged").asBoolean()).as("rise of memory").isFalse();
    }

    @Test
    void serveSoak_valuesOutOfRange_refused() {
        Cli.run("bench", "serve-soak", "--minutes", 0).refused(2, "--minutes");
        Cli.run("bench", "serve-soak", "--streams", 3).refused(2, "--streams");
        Cli.run("bench", "serve-soak", "--threads", 0).refused(2, "--threads");
    }
}
