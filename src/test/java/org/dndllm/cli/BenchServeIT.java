package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dndllm.engine.Nano;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The measurements of the server run, lose no request and print what they promise; their numbers are judged elsewhere. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class BenchServeIT {
    @TempDir
    Path folder;

    @Test
    void serve_smallCounts_everyPartMeasuredAndNothingFailed() {
        JsonNode json = Cli.run(
                        "bench", "serve", "--rounds", 1, "--tokens", 16, "--streams", 4, "--cycles", 4, "--json")
                .json();

        for (String value : List.of(
                "/single/loop_tokens_per_second",
                "/single/http_tokens_per_second",
                "/single/ratio",
                "/concurrent/loop_tokens_per_second",
                "/concurrent/http_tokens_per_second",
                "/concurrent/ratio",
                "/fairness/ratio_to_one_set",
                "/swap/token_ms",
                "/swap/p99_to_median",
                "/swap/load_to_first_token_ms",
                "/first-token/base_ms",
                "/first-token/adapter_ms")) {
            assertThat(json.at(value + "/median").asDouble()).as(value).isPositive();
        }
        assertThat(json.at("/single/overhead_per_token_ms/bar").asString()).isEqualTo("<= 0.20");
        assertThat(json.at("/fairness/off_fair_share/holds").isBoolean()).isTrue();
        assertThat(json.at("/single/same_text").asInt()).isEqualTo(1);
        assertThat(json.at("/concurrent/llama_server_tokens_per_second").isMissingNode())
                .isTrue();
        assertThat(json.at("/swap/cycles").asInt()).isEqualTo(4);
        assertThat(json.at("/swap/generated").asInt()).isEqualTo(2);
        assertThat(json.at("/swap/different_texts").asInt()).isGreaterThan(4);
        assertThat(json.at("/swap/control_refused").asInt()).isEqualTo(16);
        assertThat(json.at("/swap/failed").asInt())
                .as("%s", json.at("/swap/problems"))
                .isZero();
        assertThat(json.at("/swap/wrong").asInt())
                .as("%s", json.at("/swap/problems"))
                .isZero();
    }

    @Test
    void serve_onePart_onlyThatInTheTable() {
        assertThat(Cli.run("bench", "serve", "--only", "first-token", "--rounds", 1, "--tokens", 8, "--streams", 4)
                        .ok()
                        .out())
                .contains("share this process", "first-token: ", "adapter / base", "<= 1.10")
                .doesNotContain("single: ", "swap: ");
    }

    @Test
    void serve_llamaServerDoesNotRun_exitCodeThree() throws IOException {
        Path program = Files.writeString(folder.resolve("server.sh"), "#!/bin/sh\necho no such option\nexit 1\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        Object[] line = {
            "bench",
            "serve",
            "--only",
            "concurrent",
            "--rounds",
            1,
            "--tokens",
            8,
            "--streams",
            4,
            "--llama-server",
            program
        };

        Cli.run(line).refused(3, "no such option", "by hand");
        line[line.length - 1] = folder.resolve("absent");
        Cli.run(line).refused(3, "absent");
    }

    @Test
    void serve_valuesOutOfRange_refusedBeforeAnyWork() {
        Cli.run("bench", "serve", "--rounds", 0).refused(2, "--rounds");
        Cli.run("bench", "serve", "--threads", 0).refused(2, "--threads");
        Cli.run("bench", "serve", "--streams", 3).refused(2, "--streams");
        Cli.run("bench", "serve", "--cycles", 0).refused(2, "--cycles");
        Cli.run("bench", "serve", "--tokens", 1).refused(2, "--tokens");
        Cli.run("bench", "serve", "--tokens", 500).refused(2, "--tokens", "448");
        Cli.run("bench", "serve", "--only", "all").refused(2, "--only", "first");
    }

    /** The judge of the swap part must be able to say no. */
    @Test
    void accept_anotherAnswerOrLonger_refused() {
        try (BareLoop bare = new BareLoop(
                Nano.BASE, ContextOptions.DEFAULT.withContextLength(256).withThreads(1), 1)) {
            int[] prompt = bare.prompt("What comes next?");
            AloneAnswers alone = AloneAnswers.calibrated(bare, List.of(AdapterSet.EMPTY), List.of(prompt));
            String right = bare.text(bare.single(AdapterSet.EMPTY, prompt, 8));

            assertThat(alone.accept(AdapterSet.EMPTY, prompt, 8, right)).isTrue();
            assertThat(alone.accept(AdapterSet.EMPTY, prompt, 8, right + right)).isFalse();
            assertThat(alone.accept(AdapterSet.EMPTY, prompt, 8, "")).isFalse();
            assertThat(alone.accept(AdapterSet.EMPTY, prompt, 8, "another")).isFalse();
        }
    }
}
