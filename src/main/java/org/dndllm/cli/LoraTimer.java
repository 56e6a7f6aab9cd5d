package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.experiment.SetPlan;
import org.dndllm.engine.Progress;
import org.dndllm.format.DType;
import org.dndllm.format.FileTree;
import org.dndllm.lora.LoraWeights;
import org.dndllm.train.BaseWeights;
import org.dndllm.train.Example;
import org.dndllm.train.LoraTraining;
import org.dndllm.train.Qwen2;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.collect.TaskData;
import org.dndllm.train.torch.LibTorch;
import org.dndllm.train.torch.TorchDevice;

/**
 * Trains LoRAs on the labels of a task as {@code dnd collect} does, with given settings, and times them.
 * Owns LibTorch's copy of the base model and a temporary folder, and ends both.
 */
final class LoraTimer implements AutoCloseable {
    private static final int MAX_TOKENS = 1024;
    /** The first steps of a process load and compile. */
    private static final long WARM_UP = 5;

    private final SetPlan.Tuning tuning;
    private final BaseWeights weights;
    private final Qwen2 base;
    private final Path folder;
    private int runs;

    private LoraTimer(SetPlan.Tuning tuning, BaseWeights weights, Qwen2 base, Path folder) {
        this.tuning = tuning;
        this.weights = weights;
        this.base = base;
        this.folder = folder;
    }

    /**
     * A whole run.
     *
     * @param steps of the run
     * @param seconds wall time of its steps alone: no loading, no tokenizing, no checkpoint
     * @param cpuSeconds of the whole process until the last step
     */
    record Trained(long steps, double seconds, double cpuSeconds, LoraWeights weights) {}

    /**
     * @param tuning kind of adapter, batch and schedule
     * @param threads of LibTorch, for the whole process
     */
    static LoraTimer open(Path model, SetPlan.Tuning tuning, int threads) {
        LibTorch.threads(threads);
        BaseWeights weights = BaseWeights.load(model, TorchDevice.CPU);
        try {
            return new LoraTimer(tuning, weights, Qwen2.of(weights, TorchDevice.CPU), temporaryFolder());
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static Path temporaryFolder() {
        try {
            return Files.createTempDirectory("dnd-bench-training");
        } catch (IOException e) {
            throw new EnvironmentException("no temporary folder for training runs can be made: " + e, e);
        }
    }

    /** The labelled training split of a task as tokens; its test split is read only to refuse items that are in both. */
    static List<Example> examples(Path tasks, String name, ChatTokenizer tokenizer) {
        TaskData task = TaskData.in(tasks).stream()
                .filter(one -> one.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new InvalidInputException(
                        tasks.toString(), name, "has no training split; name a task that has one"));
        List<Example> examples = task.read(0, 0).train().stream()
                .map(tokenizer::example)
                .filter(example -> example.tokens().length <= MAX_TOKENS)
                .toList();
        if (examples.isEmpty()) {
            throw new InvalidInputException(
                    task.train().toString(), "items", "are all longer than " + MAX_TOKENS + " tokens");
        }
        return examples;
    }

    /** A few steps that nobody times. */
    void warmUp(List<Example> examples) {
        train(examples, WARM_UP, "warm-up", Progress.NONE);
    }

    /** A whole run with a schedule of its own, with fewer examples a step where there are fewer; every run has the same initial weights and the same order of data. */
    Trained train(List<Example> examples, long steps, String name, Progress progress) {
        // The one checkpoint at the end is written after the last step was timed.
        TrainingOptions options = tuning.recipe().training(steps).withRhythm(steps, 0, 0);
        AtomicReference<Duration> elapsed = new AtomicReference<>(Duration.ZERO);
        Duration begin = cpu();
        AtomicReference<Duration> used = new AtomicReference<>(begin);
        try (LoraTraining training = new LoraTraining(
                base,
                examples,
                List.of(),
                tuning.recipe().lora(),
                tuning.initSeed(),
                Math.min(tuning.recipe().batch(), examples.size()),
                options,
                LoraTraining.Snapshots.NONE)) {
            training.run(folder.resolve("run-" + ++runs), at -> {
                elapsed.set(at.elapsed());
                used.set(cpu());
                progress.advanced(name, at.step(), at.steps());
            });
            return new Trained(
                    steps,
                    elapsed.get().toNanos() / 1e9,
                    used.get().minus(begin).toNanos() / 1e9,
                    training.weights(DType.F32));
        }
    }

    private static Duration cpu() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }

    @Override
    public void close() {
        base.close();
        weights.close();
        try {
            FileTree.delete(folder);
        } catch (IOException e) {
            throw new EnvironmentException(folder + ": cannot be removed (" + e + "); remove it by hand", e);
        }
    }
}
