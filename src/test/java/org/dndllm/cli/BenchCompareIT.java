package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.LoraGenerator;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The comparison with the official generator, without Python: a shell script stands in for the interpreter. What the real one
 * answers was looked at by hand (docs/results.md).
 */
class BenchCompareIT {
    private static final Path BUNDLE = Cli.ROOT.resolve("onnx/nano/paper");

    private static final String FACTS =
            "echo '{\"torch\":\"9.9\",\"device\":\"cpu\",\"threads\":1,\"tf32\":false,\"sources_sha256\":\"abc\"}'\n";

    /** An answer for each question after the first. */
    private static final String TURNS = "while read -r question; do"
            + " echo '{\"seconds\":1e6,\"forward_seconds\":0.25,\"peak_bytes\":1000000}'; done\n";

    @TempDir
    Path folder;

    private Path checkout;

    @BeforeEach
    void emptyCheckout() throws IOException {
        checkout = folder.resolve("official");
        for (String source : List.of("model/decoderonly.py", "module/hyperconv.py")) {
            Path file = checkout.resolve("workspace/dnd").resolve(source);
            Files.createDirectories(file.getParent());
            Files.createFile(file);
        }
    }

    @Test
    void nothingGiven_saysThatNothingIsMeasured() {
        JsonNode json = Cli.run("bench", "compare", "--json").json();

        assertThat(json.at("/generator/not_measured").asString()).contains("--official");
        assertThat(json.at("/decode/not_measured").asString()).contains("--c-loop");
        assertThat(Cli.run("bench", "compare").ok().out())
                .contains("official generator: not measured: --official", "decode loop in C: not measured: --c-loop");
    }

    @Test
    void sameTokens_bothSidesInTurn_ratioByPairs() throws IOException {
        // given: an interpreter that keeps the job, and answers with what our own generator makes of the condition
        Path tokens = folder.resolve("expected");
        Files.write(tokens, ourTokens());
        Path job = folder.resolve("job.json");
        Path python = interpreter("head -n 1 >" + job + "\n" + writeTokens("cat " + tokens, job) + FACTS + TURNS);

        // when
        JsonNode json = Cli.run(compare(python, "--json")).json().get("generator");

        // then
        assertThat(json.at("/official/torch").asString()).isEqualTo("9.9");
        assertThat(json.at("/official/f32/tokens_relative_error").asDouble()).isZero();
        assertThat(json.at("/same_work").asBoolean()).isTrue();
        assertThat(json.at("/official/f32/seconds/n").asInt()).isEqualTo(2);
        assertThat(json.at("/official/f32/forward_s/median").asDouble()).isEqualTo(0.25);
        assertThat(json.at("/official/f32/peak_bytes").asLong()).isEqualTo(1_000_000);
        assertThat(json.at("/ours/seconds/n").asInt()).isEqualTo(2);
        assertThat(json.at("/official/f32/ratio_official_to_ours/median").asDouble())
                .isGreaterThan(1);
        assertThat(json.at("/official").has("bf16")).isFalse(); // the scripts' autocast is for CUDA
        assertJob(JsonMapper.shared().readTree(Files.readString(job)));
    }

    private void assertJob(JsonNode job) throws IOException {
        assertThat(job.get("official").asString()).isEqualTo(checkout.toString());
        assertThat(job.get("device").asString()).isEqualTo("cpu");
        assertThat(job.get("threads").asInt()).isEqualTo(1);
        assertThat(job.get("kernel").asInt()).isEqualTo(5);
        assertThat(job.get("stages").toString()).isEqualTo("[[64,20,64],[64,16,48],[128,10,40],[304,6,34]]");
        assertThat(job.get("condition_shape").toString()).isEqualTo("[64,20,64]");
        assertThat(job.has("text_length")).isFalse();
        long values = 0;
        for (JsonNode weight : job.get("weights")) {
            for (JsonNode piece : weight.get("pieces")) {
                values += piece.get("count").asLong();
                assertThat(Files.size(Path.of(piece.get("file").asString())))
                        .isGreaterThanOrEqualTo(piece.get("offset").asLong()
                                + Float.BYTES * piece.get("count").asLong());
            }
        }
        assertThat(values)
                .isEqualTo(GeneratorBundle.manifest(BUNDLE).generator().parameters());
    }

    @Test
    void otherTokens_notTheSameWork_exitCodeOne() throws IOException {
        Path python = interpreter(begun() + TURNS);

        Cli run = Cli.run(compare(python));

        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out()).contains("official f32", "PyTorch 9.9", "ABOVE the bound");
    }

    @Test
    void interpreterThatFails_exitCodeThreeAndItsLastWords() throws IOException {
        Cli.run(compare(folder.resolve("absent"))).refused(3, "absent", "--python");
        Cli.run(compare(interpreter("echo first >&2; echo the disk is full >&2; exit 7\n")))
                .refused(3, "exit code 7", "the disk is full");
        Cli.run(compare(interpreter(
                        "head -n 1 >/dev/null; echo '{\"error\":\"ModuleNotFoundError: torch\"}'; exit 1\n")))
                .refused(3, "ModuleNotFoundError: torch", "--python", "--official");
        Cli.run(compare(interpreter(begun() + "exit 9\n"))).refused(3, "exit code 9");
    }

    @Test
    void interpreterThatTalksNonsense_exitCodeThree() throws IOException {
        Cli.run(compare(interpreter("echo Hello; cat >/dev/null\n"))).refused(3, "'Hello'", "JSON");
        Cli.run(compare(interpreter("echo '{}'; cat >/dev/null\n"))).refused(3, "threads");
        Cli.run(compare(interpreter(begun() + "echo '{\"seconds\":\"soon\"}'; cat >/dev/null\n")))
                .refused(3, "seconds");
        Cli.run(compare(interpreter("head -n 1 >/dev/null; " + FACTS + TURNS))).refused(3, "no tokens");
        Path job = folder.resolve("job.json");
        Cli.run(compare(interpreter("head -n 1 >" + job + "\n" + writeTokens("echo few", job) + FACTS + TURNS)))
                .refused(3, "4 bytes of tokens");
    }

    /** It would hang for good, so that one second is as sure as an hour. */
    @Test
    void interpreterThatHangs_isEndedWhenPatienceIs() throws IOException {
        Path python = interpreter("exec sleep 100000\n");

        Cli.run(compare(python, "--patience", 1)).refused(3, "1 s", "--patience");

        assertThat(ProcessHandle.current()
                        .children()
                        .map(child -> child.info().commandLine().orElse("")))
                .noneMatch(line -> line.contains("sleep 100000"));
    }

    @Test
    void generatorOfOurOwnFamily_refused() throws IOException {
        Object[] arguments = compare(interpreter("exit 1\n"));
        arguments[3] = Cli.ROOT.resolve("onnx/nano/compact");
        Cli.run(arguments).refused(2, "--generator", "compact family");
    }

    private Object[] compare(Path python, Object... more) {
        List<Object> words =
                new ArrayList<>(List.of("bench", "compare", "--generator", BUNDLE, "--official", checkout));
        words.addAll(List.of("--python", python, "--pairs", 2, "-t", 1));
        words.addAll(Arrays.asList(more));
        return words.toArray();
    }

    /** Tokens [T, R, W] of the condition that the command draws, as float32, little-endian. */
    private static byte[] ourTokens() {
        GeneratorBundle bundle = GeneratorBundle.open(BUNDLE);
        GeneratorConfig config = bundle.manifest().generator();
        int positions = config.prompts() * config.textLength();
        boolean[] mask = new boolean[positions];
        Arrays.fill(mask, true);
        SessionOptions options = SessionOptions.defaults().withThreads(1);
        try (LoraGenerator generator = bundle.openGenerator(options)) {
            float[] tokens = generator.generate(Samples.normal(positions * config.channels(), 1), mask);
            byte[] bytes = new byte[tokens.length * Float.BYTES];
            MemorySegment.copy(
                    tokens,
                    0,
                    MemorySegment.ofArray(bytes),
                    ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
                    0,
                    tokens.length);
            return bytes;
        }
    }

    /** Shell: what begins well, with tokens of the right number and strange values. */
    private String begun() {
        Path job = folder.resolve("job.json");
        return "head -n 1 >" + job + "\n" + writeTokens("yes | head -c " + ourTokens().length, job) + FACTS;
    }

    /** Shell: the command's output to where the job wants the tokens. */
    private static String writeTokens(String command, Path job) {
        return "tokens=$(sed 's/.*\"tokens\":\"\\([^\"]*\\)\".*/\\1/' " + job + ")\n" + command + " >\"$tokens.f32\"\n";
    }

    private Path interpreter(String lines) throws IOException {
        Path file = Files.createTempFile(folder, "python", ".sh");
        Files.writeString(file, "#!/bin/sh\n" + lines);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        return file;
    }
}
