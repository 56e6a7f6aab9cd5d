package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.llama.LlamaLibrary;
import org.dndllm.lora.TargetModule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The measurements run and print what they promise; their numbers are judged elsewhere, the soak by AdapterSoakIT. */
class BenchCommandIT {
    private static final String CONFIG = """
            {"model_type": "qwen2", "num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 4,
             "num_key_value_heads": 2, "intermediate_size": 64, "vocab_size": 4096, "tie_word_embeddings": true}
            """;

    @TempDir
    Path folder;

    @Test
    void adapter_fewRounds_identicalAfterDetach() {
        JsonNode json = Cli.run("bench", "adapter", "--rounds", 3, "--json").json();

        assertThat(json.get("logits_identical_after_detach").asBoolean()).isTrue();
        assertThat(json.get("weights_to_attached_ms").get("n").asInt()).isEqualTo(3);
        assertThat(json.get("weights_to_attached_ms").get("median").asDouble()).isPositive();
        assertThat(Path.of(json.get("model").asString()).toAbsolutePath())
                .isEqualTo(Cli.ROOT.resolve("onnx/nano/base.gguf"));
    }

    @Test
    void generator_small_isMeasuredAsItIs() {
        JsonNode json = Cli.run(
                        "bench",
                        "generator",
                        "--generator",
                        Cli.ROOT.resolve("onnx/nano/paper"),
                        "--rounds",
                        2,
                        "--json")
                .json();

        assertThat(json.get("gemm_gflops").asDouble()).isPositive();
        assertThat(json.get("as_it_is").get("forward_s").get("n").asInt()).isEqualTo(2);
        assertThat(json.get("as_it_is").get("definition_gflops").asDouble()).isPositive();
        assertThat(json.get("as_it_is").get("peak_anonymous_bytes").asLong()).isPositive();
        assertThat(json.has("laid_out")).isFalse();
    }

    /** As a process of its own, whose cache of layouts is not the user's. */
    @Test
    void generator_otherPrecision_isComparedWithFloat() throws Exception {
        Path out = folder.resolve("out.json");
        ProcessBuilder builder = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Ddnd.home=" + Cli.ROOT,
                        Main.class.getName(),
                        "bench",
                        "generator",
                        "--precision",
                        "int8",
                        "--rounds",
                        "1",
                        "--json")
                .redirectOutput(out.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
        builder.environment().put("XDG_CACHE_HOME", folder.toString());
        builder.environment()
                .put(
                        "DND_LLAMA_LIB_PATH",
                        LlamaLibrary.load().location().folder().toString());

        assertThat(builder.start().waitFor()).isZero();

        JsonNode json = JsonMapper.shared().readTree(Files.readString(out));
        assertThat(json.at("/int8/forward_s/n").asInt()).isEqualTo(1);
        JsonNode errors = json.get("int8_against_as_it_is");
        for (TargetModule module : TargetModule.values()) {
            assertThat(errors.get("delta_relative_error_of_" + module.hfName()).asDouble())
                    .as(module.hfName())
                    .isBetween(1e-4, 0.1);
        }
        assertThat(errors.get("tokens_relative_error").asDouble()).isBetween(1e-4, 0.1);
        assertThat(folder.resolve("dnd/layouts")).isDirectoryContaining("glob:**-int8-v1");
    }

    @Test
    void generator_noLayoutForIt_isAnError() {
        Cli.run("bench", "generator", "--laid-out-only").refused(1, "--laid-out-only", "paper's family");
    }

    @Test
    void adapter_text_saysTheSame() {
        assertThat(Cli.run("bench", "adapter", "--rounds", 3, "--rank", 2, "--adapter-type", "f32")
                        .ok()
                        .out())
                .contains("F32, rank 2", "weights to attached", "bit-identical to before: yes");
    }

    @Test
    void decode_onePair_timesJavaAlone() {
        JsonNode json = Cli.run("bench", "decode", "--pairs", 1, "--tokens", 4, "--prompt-tokens", 16, "--json")
                .json();

        assertThat(json.get("java").get("wall_ms_per_token").get("median").asDouble())
                .isPositive();
        assertThat(json.has("c")).isFalse();
    }

    @Test
    void decode_peerAbsent_exitCodeThree() {
        Cli.run("bench", "decode", "--pairs", 1, "--tokens", 2, "--c-loop", folder.resolve("absent"))
                .refused(3, "absent");
    }

    @Test
    void adapter_peerInTurn_comparesPairByPair() throws IOException {
        // given: a peer that answers at once and says what it was given
        Path seen = folder.resolve("seen");
        Path peer = script("echo \"$@\" >>" + seen + "; test -s \"$2\"; cp \"$2\" " + folder
                + "/seen.gguf; echo '{\"load_ms\":{\"median\":0.5}}'");

        // when
        JsonNode json = Cli.run(
                        "bench", "adapter", "--rounds", 3, "--rank", 2, "--pairs", 2, "--c-loop", peer, "--json")
                .json();

        // then: the same bytes went to both
        assertThat(json.get("native_load_ms_c").get("median").asDouble()).isEqualTo(0.5);
        assertThat(json.get("native_load_ratio_java_to_c").get("n").asInt()).isEqualTo(2);
        assertThat(json.get("weights_to_attached_ms").get("n").asInt()).isEqualTo(6);
        assertThat(Files.readAllLines(seen)).hasSize(2).allMatch(line -> line.endsWith(" 3"));
        assertThat(Files.size(folder.resolve("seen.gguf")))
                .isEqualTo(json.get("gguf_bytes").asLong());
    }

    @Test
    void likelihood_fewQuestions_sameScoresBothWays() {
        JsonNode json = Cli.run("bench", "likelihood", "--questions", 12, "--pairs", 2, "-t", 1, "--json")
                .json();

        assertThat(json.get("largest_difference_nats").asDouble()).isLessThan(1e-4);
        assertThat(json.at("/batched/native_thread_cpu_s/n").asInt()).isEqualTo(2);
        assertThat(json.at("/one_at_a_time/wall_s/median").asDouble()).isPositive();
        assertThat(json.get("cpu_ratio").asDouble()).isPositive();
        assertThat(Cli.run("bench", "likelihood", "--questions", 2, "--pairs", 1)
                        .ok()
                        .out())
                .contains("2 questions", "one at a time", "ratio", "nats");
    }

    @Test
    void peer_absentFailingOrSpeakingOtherwise_exitCodeThree() throws IOException {
        Object[] adapter = {"bench", "adapter", "--rounds", 1, "--pairs", 1, "--c-loop", folder.resolve("absent")};
        Cli.run(adapter).refused(3, "absent");
        adapter[7] = script("exit 1");
        Cli.run(adapter).refused(3, "run it by hand");
        adapter[7] = script("echo no json");
        Cli.run(adapter).refused(3, "JSON");
        adapter[7] = script("echo '{}'");
        Cli.run(adapter).refused(3, "load_ms.median");
    }

    @Test
    void peersOfThisProject_compileAndAnswer() throws IOException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/cc")), "needs a C compiler");
        assumeTrue(headersAreHere(), "needs the headers: run native/bench/run once, or set DND_LLAMA_SOURCE");
        JsonNode adapter = Cli.run(
                        "bench",
                        "adapter",
                        "--rounds",
                        2,
                        "--pairs",
                        1,
                        "--c-loop",
                        Cli.ROOT.resolve("native/bench/run-adapter"),
                        "--json")
                .json();
        assertThat(adapter.get("native_load_ms_c").get("median").asDouble()).isPositive();

        JsonNode decode = Cli.run(
                        "bench",
                        "decode",
                        "--pairs",
                        1,
                        "--tokens",
                        4,
                        "--prompt-tokens",
                        16,
                        "--c-loop",
                        Cli.ROOT.resolve("native/bench/run"),
                        "--json")
                .json();
        assertThat(decode.get("same_tokens").asBoolean()).isTrue();
    }

    /** The gate downloads no sources for the sake of a comparison. */
    private static boolean headersAreHere() throws IOException {
        Path cache = Path.of(Optional.ofNullable(System.getenv("XDG_CACHE_HOME"))
                .orElseGet(() -> System.getProperty("user.home") + "/.cache"));
        Path libraries = cache.resolve("dnd/native");
        if (System.getenv("DND_LLAMA_SOURCE") != null || !Files.isDirectory(libraries)) {
            return System.getenv("DND_LLAMA_SOURCE") != null;
        }
        try (Stream<Path> folders = Files.list(libraries)) {
            return folders.anyMatch(folder -> folder.toString().endsWith("-source"));
        }
    }

    /** A program of one shell line. */
    private Path script(String line) throws IOException {
        Path file = Files.createTempFile(folder, "peer", ".sh");
        Files.writeString(file, "#!/bin/sh\n" + line + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file;
    }

    @Test
    void countsOutOfRange_refusedBeforeAnyWork() {
        Cli.run("bench", "soak", "--rounds", 199).refused(2, "--rounds", "200");
        Cli.run("bench", "adapter", "--rounds", 0).refused(2, "--rounds");
        Cli.run("bench", "adapter", "--pairs", 0).refused(2, "--pairs");
        Cli.run("bench", "adapter", "--rank", 0).refused(2, "--rank");
        Cli.run("bench", "decode", "--pairs", 0).refused(2, "--pairs");
        Cli.run("bench", "decode", "--tokens", 0).refused(2, "--tokens");
        Cli.run("bench", "decode", "--tokens", 5000).refused(2, "1024");
    }

    @Test
    void synthesize_smallShape_writesAModelThatRuns() throws IOException {
        // given
        Path config = Files.writeString(folder.resolve("config.json"), CONFIG);
        Path model = folder.resolve("small.gguf");

        // when
        JsonNode json = Cli.run("bench", "synthesize", config, model, "--json").json();

        // then
        assertThat(json.get("synthetic").asBoolean()).isTrue();
        assertThat(Cli.run("inspect", model).ok().out()).contains("dnd.synthetic = true");
        Cli.run("chat", "-m", model, "--prompt", "hello", "-n", 2).ok();
        Cli.run("bench", "synthesize", config, model).refused(1, model.toString(), "exists already");
        Cli.run("demo", "-m", model)
                .refused(1, model.toString(), Path.of("onnx", "nano", "compact").toString());
    }
}
