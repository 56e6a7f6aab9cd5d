package org.dndllm.cli.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToIntFunction;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.experiment.ResidentMemory;
import org.dndllm.format.GgufWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs whose commands are only noted down. */
class JobRunnerTest {
    private static final Job PLAIN = new Job("plain", "plain", List.of("--steps", "9", "--seed", "1"), false, false);
    private static final Job RECON = new Job("recon", "recon", List.of("--seed", "1"), true, true);

    private static final Job BASE_STATES = new Job(
            "states",
            "states",
            List.of("--seed", "1"),
            false,
            false,
            List.of("--control", "junk"),
            Optional.of(new Job.Conditions(List.of("base"))));
    private static final Job MEASURED = new Job(
            "plain", "plain", PLAIN.flags(), false, false, List.of(), Optional.of(new Job.Conditions(List.of())));

    @TempDir
    Path folder;

    private final List<List<String>> commands = new ArrayList<>();
    private final List<String> log = new ArrayList<>();
    private int code;
    private ToIntFunction<List<String>> runner = arguments -> code;
    private Path set;

    @BeforeEach
    void makeSet() throws IOException {
        set = folder.resolve("set");
        writeBase("base");
        for (String file : List.of("compact/encoder.onnx", "tasks/a_train.json", "adapters/a/x")) {
            Files.createDirectories(set.resolve(file).getParent());
            Files.writeString(set.resolve(file), file);
        }
    }

    private void writeBase(String name) {
        new GgufWriter().put("general.name", name).write(set.resolve("base.gguf"));
    }

    private JobRunner runner(int seeds, Optional<Integer> steps, Optional<Path> checkpoints) {
        return new JobRunner(
                folder.resolve("work"),
                new Materials(set, checkpoints),
                new RunSettings(seeds, 0, steps, 1, "cpu"),
                arguments -> {
                    commands.add(arguments);
                    return runner.applyAsInt(arguments);
                },
                log::add,
                new ResidentMemory(folder.resolve("proc")));
    }

    /** What Linux would tell about this process. */
    private void memory(long peakKb) {
        try {
            Files.writeString(folder.resolve("proc/status"), "VmHWM:\t %d kB\n".formatted(peakKb));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private JobRunner runner() {
        return runner(3, Optional.empty(), Optional.empty());
    }

    private List<String> names() {
        return commands.stream().map(List::getFirst).toList();
    }

    @Test
    void run_twice_makesOnce() {
        runner().run(PLAIN);
        assertThat(names()).containsExactly("train", "eval");
        assertThat(commands.getFirst()).containsSubsequence("--name", "plain", "--steps", "9");
        assertThat(commands.getLast()).contains("--report").doesNotContain("--controls", "--lora-dir");

        runner().run(PLAIN);

        assertThat(commands).hasSize(2);
        assertThat(log.getLast()).contains("is done");
        assertThat(runner().isDone(PLAIN)).isTrue();
    }

    @Test
    void run_training_notesItsOwnPeakOfMemory() throws IOException {
        Files.createDirectory(folder.resolve("proc"));
        Files.createFile(folder.resolve("proc/clear_refs"));
        memory(900);
        runner = arguments -> {
            assertThat(folder.resolve("proc/clear_refs"))
                    .as("the peak begins anew")
                    .hasContent("5");
            memory(arguments.getFirst().equals("train") ? 300 : 200);
            return 0;
        };

        runner().run(PLAIN);

        assertThat(runner().cost(PLAIN).peakBytes()).hasValue(300 * 1024);
        assertThat(runner().cost(PLAIN).seconds().orElseThrow()).isNotNegative();
        assertThat(runner().isDone(PLAIN))
                .as("memory is no part of the identity")
                .isTrue();
    }

    @Test
    void run_peakCannotBeginAnew_notesNone() throws IOException {
        Files.createDirectory(folder.resolve("proc"));
        memory(900); // of the whole process

        runner().run(PLAIN);

        assertThat(runner().cost(PLAIN).peakBytes()).isEmpty();
        assertThat(runner().cost(PLAIN).seconds()).isPresent();
    }

    @Test
    void run_conditionsOfItsOwn_makesTheEncoderFirstAndMeasuresLast() throws IOException {
        runner().run(BASE_STATES);

        assertThat(names()).containsExactly("extractor", "train", "eval", "diagnose");
        String encoder = folder.resolve("work/jobs/states/encoder").toString();
        assertThat(commands.get(0))
                .containsSequence("extractor", "base", "--save-to", encoder)
                .containsSequence("--model", set.resolve("base.gguf").toString());
        assertThat(commands.get(1)).containsSequence("--encoder", encoder);
        assertThat(commands.get(2)).containsSequence("--control", "junk");
        assertThat(commands.get(3))
                .contains("--conditions", runner().conditions(BASE_STATES).toString());
        assertThat(runner().isDone(BASE_STATES)).isTrue();

        Files.delete(folder.resolve("work/jobs/states/diagnosed.json"));
        assertThat(runner().isDone(BASE_STATES)).isFalse();
        runner().run(BASE_STATES);
        assertThat(names().subList(4, commands.size())).containsExactly("diagnose");

        writeBase("another");
        assertThatThrownBy(() -> runner().run(BASE_STATES)).hasMessageContaining("trained.json");
    }

    @Test
    void run_encoderIsMadeAndTrainingWasKilled_trainsOnly() {
        code = 1;
        assertThatThrownBy(() -> runner().run(BASE_STATES)).hasMessageContaining("extractor");
        code = 0;
        runner = arguments -> arguments.getFirst().equals("train") ? 1 : 0;
        assertThatThrownBy(() -> runner().run(BASE_STATES)).hasMessageContaining("train");
        runner = arguments -> 0;

        runner().run(BASE_STATES);

        assertThat(names()).containsExactly("extractor", "extractor", "train", "train", "eval", "diagnose");
    }

    @Test
    void run_doneWithoutMeasuring_measuresOnly() {
        runner().run(PLAIN);
        assertThat(runner().isDone(MEASURED)).isFalse();

        runner().run(MEASURED);

        assertThat(names()).containsExactly("train", "eval", "diagnose");
        assertThat(runner().isDone(MEASURED)).isTrue();
        assertThat(runner().isDone(PLAIN)).isTrue();
    }

    @Test
    void run_trainingFails_isTriedAgain() {
        code = 1;
        assertThatThrownBy(() -> runner().run(PLAIN))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("train");
        assertThat(runner().isDone(PLAIN)).isFalse();

        code = 0;
        runner().run(PLAIN);

        assertThat(names()).containsExactly("train", "train", "eval");
    }

    @Test
    void run_otherSettings_refusedWithWhatToRemove() throws IOException {
        runner().run(PLAIN);

        assertThatThrownBy(() -> runner(3, Optional.of(2), Optional.empty()).run(PLAIN))
                .hasMessageContaining("trained.json")
                .hasMessageContaining("remove " + folder.resolve("work/jobs/plain") + " ");
        assertThatThrownBy(() -> runner(2, Optional.empty(), Optional.empty()).run(PLAIN))
                .hasMessageContaining("done.json to evaluate");
        writeBase("another");
        assertThatThrownBy(() -> runner().run(PLAIN)).hasMessageContaining("trained.json");
        assertThat(runner().isDone(PLAIN)).isFalse();
        assertThat(commands).hasSize(2);
    }

    @Test
    void run_generatorBesideTheEncoder_isNoPartOfAJob() throws IOException {
        runner().run(PLAIN);
        Files.writeString(set.resolve("compact/generator.onnx"), "trained since");

        runner().run(PLAIN);

        assertThat(commands).hasSize(2);
    }

    @Test
    void run_evaluationRemoved_evaluatesAgainOnly() throws IOException {
        runner().run(PLAIN);
        Files.delete(folder.resolve("work/jobs/plain/done.json"));

        runner(2, Optional.empty(), Optional.empty()).run(PLAIN);

        assertThat(names()).containsExactly("train", "eval", "eval");
    }

    @Test
    void run_heldByAnother_refused() throws IOException {
        Path job = Files.createDirectories(folder.resolve("work/jobs/plain"));
        try (FileChannel channel =
                        FileChannel.open(job.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThatThrownBy(() -> runner().run(PLAIN)).hasMessageContaining("another process");
        }
        assertThat(commands).isEmpty();
    }

    @Test
    void obstacle_checkpoints_neededUntilTheBundleIsThere() throws IOException {
        assertThat(runner().obstacle(PLAIN)).isEmpty();
        assertThat(runner().obstacle(RECON).orElseThrow()).contains("--checkpoints");
        Path checkpoints = Files.createDirectories(folder.resolve("checkpoints/a"));
        Files.writeString(checkpoints.resolve("x"), "lora");

        runner(3, Optional.empty(), Optional.of(folder.resolve("checkpoints"))).run(RECON);

        assertThat(commands.getFirst())
                .contains("--lora-dir", folder.resolve("checkpoints").toString());
        assertThat(commands.getLast())
                .contains("--controls", set.resolve("adapters").toString());
        assertThat(runner().obstacle(RECON)).isEmpty();
        assertThat(runner().isDone(RECON)).isTrue();
    }

    @Test
    void materials_partsMissing_refused() throws IOException {
        Files.delete(set.resolve("base.gguf"));

        assertThatThrownBy(() -> new Materials(set, Optional.empty())).hasMessageContaining("base.gguf");
        assertThatThrownBy(() -> new Materials(folder, Optional.empty())).hasMessageContaining("base.gguf");
    }
}
