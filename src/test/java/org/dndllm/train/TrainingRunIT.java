package org.dndllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.LoraWeights;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRunIT {
    private static final TrainingOptions OPTIONS = TrainingOptions.of(40, 3e-3, 11)
            .withSchedule(4, 0.1)
            .withLimits(0.01, 1)
            .withCompute(2, false)
            .withRhythm(5, 8, 0);

    @TempDir
    Path folder;

    private record Outcome(LoraWeights weights, List<String> losses) {}

    @Test
    void run_stoppedAndResumed_givesTheSameBits() throws IOException {
        Path base = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        Outcome whole = train(base, folder.resolve("whole"), Long.MAX_VALUE);

        // when: it ends between checkpoints, three times
        Path parts = folder.resolve("parts");
        for (long stop : new long[] {3, 13, 28}) {
            assertThatThrownBy(() -> train(base, parts, stop)).hasMessage("stopped");
        }
        Files.writeString(parts.resolve("metrics.jsonl"), "{\"step\":29,\"lo", StandardOpenOption.APPEND);
        Outcome resumed = train(base, parts, Long.MAX_VALUE);

        // then
        assertThat(resumed.losses()).isEqualTo(whole.losses()).hasSize(40);
        assertSame(resumed.weights(), whole.weights());
        assertThat(Double.parseDouble(loss(whole.losses().getLast())))
                .isLessThan(Double.parseDouble(loss(whole.losses().getFirst())));
    }

    @Test
    void run_processKilledAtRandomMoments_givesTheSameBits() throws IOException, InterruptedException {
        Path base = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        Outcome whole = train(base, folder.resolve("whole"), Long.MAX_VALUE);
        Path killed = folder.resolve("killed");
        long seed = 5;
        Random random = new Random(seed);

        // when
        int deaths = 0;
        for (int round = 0; round < 3; round++) {
            Process process = child(base, killed);
            // wait for the first line of this round, so that kills fall into training and not into the JVM's start
            awaitStep(killed, process, 4 + round * 9);
            if (!process.waitFor(random.nextInt(60), TimeUnit.MILLISECONDS)) {
                deaths++;
            }
            process.destroyForcibly().waitFor();
        }
        Outcome resumed = train(base, killed, Long.MAX_VALUE);

        // then
        assertThat(deaths).as("seed %d", seed).isPositive();
        assertThat(resumed.losses()).isEqualTo(whole.losses());
        assertSame(resumed.weights(), whole.weights());
        try (Stream<Path> checkpoints = Files.list(killed.resolve("checkpoints"))) {
            assertThat(checkpoints.filter(path -> path.getFileName().toString().startsWith("step-")))
                    .hasSize(1);
        }
    }

    /** What the killed processes run. */
    public static void main(String[] arguments) {
        train(Path.of(arguments[0]), Path.of(arguments[1]), Long.MAX_VALUE);
    }

    @Test
    void run_lossBecomesNaN_stopsAndKeepsTheCheckpoint() {
        Path run = folder.resolve("run");
        try (Parameters parameters = line()) {
            TrainingJob job =
                    (step, part) -> parameters.get("w").square().sum().mul(new Scalar(step == 7 ? Double.NaN : 1));
            TrainingOptions options = TrainingOptions.of(20, 0.1, 1).withRhythm(3, 0, 0);

            assertThatThrownBy(() -> new TrainingRun(run, parameters, job, options, progress -> {}).run())
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContainingAll(
                            "step 8", "loss is NaN", "learning rate 0.0", "norm of all gradients NaN", "w NaN")
                    .hasMessageContaining("step-000000006 is kept");
        }
        assertThat(run.resolve("checkpoints/step-000000006/state.json")).exists();
    }

    @Test
    void run_validationGetsWorse_stopsEarlyWithTheBest() {
        try (Parameters parameters = line()) {
            // given: the loss pulls to 0, validation wants 0.5
            TrainingJob job = new TrainingJob() {
                @Override
                public Tensor loss(long step, int part) {
                    return parameters.get("w").square().sum();
                }

                @Override
                public OptionalDouble validationLoss() {
                    return OptionalDouble.of(Math.abs(parameters.floats("w")[0] - 0.5));
                }
            };
            TrainingOptions options =
                    TrainingOptions.of(500, 0.02, 1).withSchedule(0, 1).withRhythm(50, 1, 3);

            TrainingResult result =
                    new TrainingRun(folder.resolve("run"), parameters, job, options, progress -> {}).run();

            assertThat(result.stoppedEarly()).isTrue();
            assertThat(result.steps()).isEqualTo(result.bestStep() + 3);
            assertThat(result.bestValidationLoss().orElseThrow())
                    .isEqualTo(Math.abs(parameters.floats("w")[0] - 0.5))
                    .isLessThan(0.02);

            // and again from its checkpoint: nothing more to do, the same answer
            parameters.set("w", new float[] {9});
            assertThat(new TrainingRun(folder.resolve("run"), parameters, job, options, progress -> {}).run())
                    .isEqualTo(result);
            assertThat(Math.abs(parameters.floats("w")[0] - 0.5))
                    .isEqualTo(result.bestValidationLoss().orElseThrow());
        }
    }

    @Test
    void run_otherSettingsInTheFolder_areRefused() {
        Path run = folder.resolve("run");
        try (Parameters parameters = line()) {
            TrainingJob job = (step, part) -> parameters.get("w").square().sum();
            new TrainingRun(run, parameters, job, TrainingOptions.of(3, 0.1, 1), progress -> {}).run();

            assertThatThrownBy(
                            () -> new TrainingRun(run, parameters, job, TrainingOptions.of(4, 0.1, 1), p -> {}).run())
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("belong to another run");
        }
    }

    @Test
    void run_folderCannotBeMade_saysSo() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "in the way");
        try (Parameters parameters = line()) {
            assertThatThrownBy(() -> new TrainingRun(
                                    file.resolve("run"),
                                    parameters,
                                    (step, part) -> Tensors.zeros(TorchDevice.CPU),
                                    TrainingOptions.of(3, 0.1, 1),
                                    progress -> {})
                            .run())
                    .isInstanceOf(EnvironmentException.class)
                    .hasMessageContaining("cannot be made");
        }
    }

    @Test
    void run_folderInUse_isRefused() {
        Path run = folder.resolve("run");
        try (Parameters parameters = line()) {
            TrainingJob job = (step, part) -> parameters.get("w").square().sum();
            TrainingOptions options = TrainingOptions.of(1, 0.1, 1);

            // when: a run begins another in its own folder
            List<Throwable> second = new ArrayList<>();
            new TrainingRun(
                            run,
                            parameters,
                            job,
                            options,
                            progress -> second.add(catchThrowable(
                                    () -> new TrainingRun(run, parameters, job, options, again -> {}).run())))
                    .run();

            assertThat(second)
                    .singleElement()
                    .satisfies(refusal -> assertThat(refusal)
                            .isInstanceOf(EnvironmentException.class)
                            .hasMessageContaining("another run"));
        }
    }

    @Test
    void run_progress_countsToTheEnd() {
        List<TrainingProgress> heard = new ArrayList<>();
        try (Parameters parameters = line()) {
            TrainingJob job = (step, part) -> parameters.get("w").square().sum();
            new TrainingRun(folder.resolve("run"), parameters, job, TrainingOptions.of(3, 0.1, 1), heard::add).run();
        }
        assertThat(heard).extracting(TrainingProgress::step).containsExactly(1L, 2L, 3L);
        assertThat(heard.getLast().remaining()).isZero();
    }

    private static Parameters line() {
        Parameters parameters = new Parameters(List.of(Parameters.Spec.of("w", true, 1)), TorchDevice.CPU);
        parameters.set("w", new float[] {1});
        return parameters;
    }

    /** With dropout, accumulation and validation; fails after the step {@code stop}. */
    private static Outcome train(Path base, Path run, long stop) {
        LoraSettings settings = new LoraSettings(2, 4, LoraSettings.official(2).modules(), 0.1);
        try (BaseWeights weights = BaseWeights.load(base, TorchDevice.CPU);
                Qwen2 model = Qwen2.of(weights, TorchDevice.CPU);
                LoraTraining training = new LoraTraining(
                        model,
                        TinyBase.examples(20, 1),
                        TinyBase.examples(6, 2),
                        settings,
                        3,
                        2,
                        OPTIONS,
                        LoraTraining.Snapshots.NONE)) {
            training.run(run, progress -> {
                if (progress.step() == stop) {
                    throw new IllegalStateException("stopped");
                }
            });
            return new Outcome(training.weights(DType.F32), lines(run));
        }
    }

    /** The metrics without the wall time. */
    private static List<String> lines(Path run) {
        try (Stream<String> lines = Files.lines(run.resolve("metrics.jsonl"))) {
            return lines.map(line -> line.replaceAll(",\"seconds\":[^}]*", "")).toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String loss(String line) {
        return line.replaceAll(".*\"loss\":([^,]*),.*", "$1");
    }

    private static void assertSame(LoraWeights one, LoraWeights two) {
        for (int i = 0; i < two.tensors().size(); i++) {
            assertThat(one.tensors().get(i).a()).isEqualTo(two.tensors().get(i).a());
            assertThat(one.tensors().get(i).b()).isEqualTo(two.tensors().get(i).b());
        }
    }

    private static Process child(Path base, Path run) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        java.lang.management.ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-D") || argument.startsWith("--"))
                .forEach(command::add);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                TrainingRunIT.class.getName(),
                base.toString(),
                run.toString()));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static void awaitStep(Path run, Process process, int step) throws IOException, InterruptedException {
        Path metrics = run.resolve("metrics.jsonl");
        while (process.isAlive()
                && (!Files.exists(metrics) || !Files.readString(metrics).contains("\"step\":" + step + ","))) {
            process.waitFor(2, TimeUnit.MILLISECONDS);
        }
    }
}
