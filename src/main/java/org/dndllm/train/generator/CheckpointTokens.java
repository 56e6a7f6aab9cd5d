package org.dndllm.train.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.lora.TokenForm;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;

/**
 * Weight tokens of the LoRA checkpoints of tasks, as {@code dnd collect} writes them, and how much each token counts. Whoever
 * reads them closes them.
 *
 * <p>Weights of a layout with standardised chunks are the official ones: per task the standard deviation of every element
 * over the task's checkpoints, divided by their mean, averaged within a token; then the mean over tasks. A task with a
 * single checkpoint says nothing and counts 1 for all. Plain layouts weigh a token by the reciprocal of its values'
 * variance over all checkpoints, so that A and B, of different size, count alike.
 */
public final class CheckpointTokens implements AutoCloseable {
    /** Variances below this share of the mean variance are raised to it: a token that never varies must not rule. */
    private static final double LEAST_VARIANCE = 1e-3;

    private final List<Tensor> train; // each [K, T, R, W], 0 where a token holds no value
    private final List<Tensor> validation;
    private final Tensor weights; // [T, R, W], 0 where a token holds no value
    private final long values;

    private CheckpointTokens(List<Tensor> train, List<Tensor> validation, Tensor weights, long values) {
        this.train = train;
        this.validation = validation;
        this.weights = weights;
        this.values = values;
    }

    /**
     * Reads {@code FOLDER/TASK/*}, every folder that holds an {@code adapter_config.json}. Where tasks are set aside for
     * validation, their checkpoints validate; else the last one of every training task that has several.
     *
     * @param memory most bytes of tokens
     * @throws InvalidInputException when a task has no checkpoint, or one does not fit the layout
     */
    public static CheckpointTokens read(
            Path folder, TaskSet tasks, AdapterLayout layout, long memory, TorchDevice device) {
        List<Tensor> train = new ArrayList<>();
        List<Tensor> validation = new ArrayList<>();
        try (PointerScope scope = new PointerScope()) {
            Room room = new Room(folder, memory);
            for (GeneratorTask task : tasks.train()) {
                train.add(tokens(folder, task.name(), layout, room, device));
            }
            if (tasks.setsTasksAside()) {
                for (GeneratorTask task : tasks.validation()) {
                    validation.add(tokens(folder, task.name(), layout, room, device));
                }
            } else if (train.stream().allMatch(all -> all.size(0) > 1)) {
                for (int i = 0; i < train.size(); i++) {
                    Tensor all = train.get(i);
                    validation.add(all.narrow(0, all.size(0) - 1, 1));
                    train.set(i, all.narrow(0, 0, all.size(0) - 1));
                }
            }
            Tensor mask = mask(layout, device); // [T, R, W]
            Tensor perToken =
                    layout.form() == TokenForm.STANDARDIZED ? deviations(train, mask) : reciprocals(train, mask);
            Tensor weights = mask.mul(perToken.view(-1, 1, 1));
            train.forEach(Tensors::keep);
            validation.forEach(Tensors::keep);
            return new CheckpointTokens(
                    List.copyOf(train),
                    List.copyOf(validation),
                    Tensors.keep(weights),
                    layout.mask().cardinality());
        }
    }

    /** Counts down the memory that is left for tokens. */
    private static final class Room {
        private final Path folder;
        private final long memory;
        private long taken;

        Room(Path folder, long memory) {
            this.folder = folder;
            this.memory = memory;
        }

        void take(long bytes) {
            taken += bytes;
            if (taken > memory) {
                throw new InvalidInputException(
                        folder.toString(),
                        "checkpoints",
                        "need more than " + (memory >> 20) + " MiB as weight tokens; keep fewer of each task, or allow"
                                + " more memory");
            }
        }
    }

    private static Tensor tokens(Path folder, String task, AdapterLayout layout, Room room, TorchDevice device) {
        List<Path> adapters = adapters(folder.resolve(task));
        room.take((long) adapters.size() * layout.size() * Float.BYTES);
        Tensor all = Tensors.zeros(device, adapters.size(), layout.tokens(), layout.rows(), layout.columns());
        for (int i = 0; i < adapters.size(); i++) {
            float[] tokens = read(adapters.get(i), layout);
            for (int at = 0; at < tokens.length; at++) {
                tokens[at] = Float.isNaN(tokens[at]) ? 0 : tokens[at];
            }
            Tensors.copy(tokens, all.select(0, i));
        }
        return all;
    }

    private static float[] read(Path adapter, AdapterLayout layout) {
        try {
            return layout.tokenize(PeftAdapter.read(adapter, layout.shape()));
        } catch (InvalidInputException e) {
            if (e.source().contains(adapter.toString())) {
                throw e;
            }
            throw new InvalidInputException(
                    adapter.toString(),
                    e.field(),
                    "does not fit the generator's layout (" + e.getMessage()
                            + "); collect with the same base, rank, alpha and modules, or bring it there with dnd lora"
                            + " canonicalize",
                    e);
        }
    }

    private static List<Path> adapters(Path folder) {
        if (Files.isDirectory(folder)) {
            try (Stream<Path> entries = Files.list(folder)) {
                List<Path> adapters = entries.filter(entry -> Files.isRegularFile(entry.resolve("adapter_config.json")))
                        .sorted()
                        .toList();
                if (!adapters.isEmpty()) {
                    return adapters;
                }
            } catch (IOException e) {
                throw new EnvironmentException(folder + ": cannot be listed (" + e + "); check its permissions", e);
            }
        }
        throw new InvalidInputException(
                folder.toString(), "checkpoints", "there are none; make them with dnd collect, or leave the task out");
    }

    private static Tensor mask(AdapterLayout layout, TorchDevice device) {
        float[] mask = new float[layout.size()];
        layout.mask().stream().forEach(at -> mask[at] = 1);
        return Tensors.of(mask, device, layout.tokens(), layout.rows(), layout.columns());
    }

    /** The official weights: [T]. */
    private static Tensor deviations(List<Tensor> train, Tensor mask) {
        Tensor counts = mask.sum(1, 2); // [T]
        Tensor sum = torch.zeros_like(counts);
        for (Tensor all : train) {
            if (all.size(0) == 1) {
                sum.add_(new Scalar(1));
                continue;
            }
            Tensor deviation = all.std(new long[] {0}, true, false).mul(mask); // [T, R, W]
            Tensor mean = deviation.sum().div(mask.sum());
            double spread = mean.item_float();
            sum.add_(spread > 0 ? deviation.sum(1, 2).div(counts).div(mean) : torch.ones_like(counts));
        }
        return sum.div(new Scalar(train.size()));
    }

    /** One over the variance of each token's values: [T]. */
    private static Tensor reciprocals(List<Tensor> train, Tensor mask) {
        Tensor counts = mask.sum(1, 2); // [T]
        Tensor sums = torch.zeros_like(counts);
        Tensor squares = torch.zeros_like(counts);
        long checkpoints = 0;
        for (Tensor all : train) {
            sums.add_(all.sum(0, 2, 3));
            squares.add_(all.square().sum(0, 2, 3));
            checkpoints += all.size(0);
        }
        Tensor number = counts.mul(new Scalar((double) checkpoints));
        Tensor variance = squares.div(number).sub(sums.div(number).square());
        double least = Math.max(LEAST_VARIANCE * variance.mean().item_float(), Float.MIN_NORMAL);
        return variance.clamp_min(new Scalar(least)).reciprocal();
    }

    /** Of each training task: [K, T, R, W]. */
    List<Tensor> train() {
        return train;
    }

    /** Of each validation task: [K, T, R, W]; empty when nothing is set aside. */
    List<Tensor> validation() {
        return validation;
    }

    /** [T, R, W], 0 where a token holds no value. */
    Tensor weights() {
        return weights;
    }

    /** Places of an adapter's tokens that hold a value. */
    long values() {
        return values;
    }

    @Override
    public void close() {
        train.forEach(Tensors::release);
        validation.forEach(Tensors::release);
        Tensors.release(weights);
    }
}
