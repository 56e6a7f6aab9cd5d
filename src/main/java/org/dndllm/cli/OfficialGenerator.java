package org.dndllm.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.dndllm.EnvironmentException;
import org.dndllm.NativeFailureException;
import org.dndllm.format.JsonWriter;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The official generator in a Python process of its own: loaded and warm from the start, it makes a pass for each question.
 * The protocol stands in {@code official-generator.py}. One thread at a time; the opener closes it.
 */
final class OfficialGenerator implements AutoCloseable {
    private static final String SCRIPT = "official-generator.py";
    private static final int SHOWN = 160;

    /** Set by our launcher for our own engines; PyTorch is to run as it does by itself. */
    private static final List<String> LAUNCHER_VARIABLES = List.of("OMP_WAIT_POLICY", "MALLOC_ARENA_MAX");

    private final String python;
    private final Duration patience;
    private final Path log;
    private final Process process;
    private final Writer questions;
    private final BufferedReader answers;
    private final ExecutorService exchange = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("official-generator").factory());

    /**
     * What runs.
     *
     * @param torch version of PyTorch
     * @param device name of the GPU, or cpu
     * @param tf32 whether convolutions on the GPU round their operands to TF32, as PyTorch does by default
     * @param sourcesSha256 of the official files, one after the other
     */
    record Facts(String torch, String device, int threads, boolean tf32, String sourcesSha256) {}

    /**
     * One pass.
     *
     * @param seconds from the condition to the tokens in the host's memory
     * @param forwardSeconds of the pass alone, on its device
     * @param peakBytes the most memory until now: of the GPU, or resident
     */
    record Turn(double seconds, double forwardSeconds, long peakBytes) {}

    private OfficialGenerator(String python, Duration patience, Path log, Process process) {
        this.python = python;
        this.patience = patience;
        this.log = log;
        this.process = process;
        this.questions = process.outputWriter(StandardCharsets.UTF_8);
        this.answers = process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Starts the interpreter; {@link #begin} says what to load.
     *
     * @param folder for the script and what it says on standard error
     * @throws EnvironmentException when it cannot be started
     */
    static OfficialGenerator start(String python, Duration patience, Path folder) {
        Path log = folder.resolve("official.log");
        try (InputStream script = OfficialGenerator.class.getResourceAsStream(SCRIPT)) {
            Path file = folder.resolve(SCRIPT);
            Files.copy(Objects.requireNonNull(script, SCRIPT), file);
            ProcessBuilder builder = new ProcessBuilder(python, file.toString()).redirectError(log.toFile());
            LAUNCHER_VARIABLES.forEach(builder.environment()::remove);
            return new OfficialGenerator(python, patience, log, builder.start());
        } catch (IOException e) {
            throw new EnvironmentException(
                    python + " cannot be run: " + e.getMessage() + "; name a Python interpreter with --python", e);
        }
    }

    /**
     * Loads the weights and makes a first pass, whose tokens go to the job's files.
     *
     * @throws EnvironmentException when it fails, ends, takes too long or answers something else
     */
    Facts begin(OfficialJob job) {
        JsonNode answer = ask(job.toJson());
        return new Facts(
                answer.path("torch").asString("unknown"),
                answer.path("device").asString("unknown"),
                (int) number(answer, "threads"),
                answer.path("tf32").asBoolean(false),
                answer.path("sources_sha256").asString("unknown"));
    }

    /** One pass; throws as {@link #begin}. */
    Turn turn(String precision) {
        JsonNode answer = ask(Map.of("precision", precision));
        return new Turn(
                number(answer, "seconds"), number(answer, "forward_seconds"), (long) number(answer, "peak_bytes"));
    }

    private JsonNode ask(Map<String, ?> question) {
        String line = line(JsonWriter.compact(question));
        JsonNode answer;
        try {
            answer = JsonMapper.shared().readTree(line);
        } catch (JacksonException e) {
            throw new EnvironmentException(
                    python + " answers '" + shortened(line) + "' where JSON is expected; is it a Python interpreter?",
                    e);
        }
        if (answer.has("error")) {
            throw new EnvironmentException("the official generator does not run in " + python + ": "
                    + shortened(answer.path("error").asString(""))
                    + "; name an interpreter with PyTorch by --python, or leave --official out");
        }
        return answer;
    }

    /** The line that it answers with. */
    private String line(String question) {
        try {
            String line = exchange.submit(() -> exchanged(question)).get(patience.toSeconds(), TimeUnit.SECONDS);
            if (line == null) {
                throw new EnvironmentException(python + " ended (exit code " + process.waitFor()
                        + ") without an answer; it last said: " + lastWords());
            }
            return line;
        } catch (TimeoutException e) {
            throw new EnvironmentException(
                    python + " gives no answer within " + patience.toSeconds()
                            + " s; wait longer with --patience, or take a smaller generator",
                    e);
        } catch (ExecutionException e) {
            throw new EnvironmentException(python + " cannot be listened to: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NativeFailureException("interrupted while " + python + " ran", e);
        }
    }

    private @Nullable String exchanged(String question) throws IOException {
        try {
            questions.write(question + "\n");
            questions.flush();
        } catch (IOException e) {
            // it has ended, perhaps with an answer that says why
        }
        return answers.readLine();
    }

    private String lastWords() {
        try {
            List<String> lines = Files.readAllLines(log, StandardCharsets.ISO_8859_1).stream()
                    .filter(line -> !line.isBlank())
                    .toList();
            return lines.isEmpty() ? "nothing" : shortened(lines.getLast());
        } catch (IOException e) {
            return "nothing that can be read (" + e + ")";
        }
    }

    private static String shortened(String text) {
        String oneLine = text.strip().replaceAll("\\s+", " ");
        return oneLine.length() <= SHOWN ? oneLine : oneLine.substring(0, SHOWN) + "...";
    }

    private double number(JsonNode answer, String name) {
        @Nullable JsonNode node = answer.get(name);
        if (node == null || !node.isNumber()) {
            throw new EnvironmentException(
                    python + " gives no number " + name + "; does --python name a Python interpreter?");
        }
        return node.asDouble();
    }

    /** Ends the process at once, whatever it does: it has nothing to save. */
    @Override
    public void close() {
        process.descendants().forEach(ProcessHandle::destroyForcibly); // where the interpreter is a wrapper
        process.destroyForcibly();
        exchange.shutdownNow();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
