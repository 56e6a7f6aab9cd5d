package org.dndllm.train;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.format.DType;
import org.dndllm.lora.LoraWeights;

/** Trains one LoRA adapter for one task in front of a frozen base model. One thread; whoever makes it closes it. */
public final class LoraTraining implements TrainingJob, AutoCloseable {
    private final Qwen2 base;
    private final List<Example> train;
    private final List<Example> validation;
    private final int batch;
    private final TrainingOptions options;
    private final LoraParameters lora;
    private final DataOrder order;
    private final Snapshots snapshots;

    /** Hears of the adapter after every step. */
    @FunctionalInterface
    public interface Snapshots {
        /** No snapshots. */
        Snapshots NONE = (steps, training) -> {};

        /** A resumed run may call this again for a step; the weights are then the same. */
        void afterStep(long steps, LoraTraining training);
    }

    /**
     * @param train at least one example
     * @param validation possibly none; never the test split
     * @param batch examples in each part of a step
     * @param initSeed of the A matrices; adapters that are to be comparable share it
     */
    public LoraTraining(
            Qwen2 base,
            List<Example> train,
            List<Example> validation,
            LoraSettings settings,
            long initSeed,
            int batch,
            TrainingOptions options,
            Snapshots snapshots) {
        this.base = base;
        this.train = List.copyOf(train);
        this.validation = List.copyOf(validation);
        this.batch = batch;
        this.options = options;
        this.snapshots = snapshots;
        this.order = new DataOrder(train.size(), options.seed());
        this.lora = new LoraParameters(base.config().shape(), settings, initSeed, base.device());
    }

    /** Trains to the end, from the folder's last checkpoint if there is one; see {@link TrainingRun#run}. */
    public TrainingResult run(Path folder, Consumer<TrainingProgress> listener) {
        return training(folder, listener).run();
    }

    /** See {@link TrainingRun#discardCheckpoints}. */
    public void discardCheckpoints(Path folder) {
        training(folder, progress -> {}).discardCheckpoints();
    }

    private TrainingRun training(Path folder, Consumer<TrainingProgress> listener) {
        return new TrainingRun(folder, lora.parameters(), this, options, listener);
    }

    @Override
    public Tensor loss(long step, int part) {
        List<Example> drawn = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            drawn.add(train.get(order.at((step * options.accumulate() + part) * batch + i)));
        }
        return base.loss(TokenBatch.of(drawn, base.device()), lora.tensors());
    }

    @Override
    public OptionalDouble validationLoss() {
        return validation.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(Evaluation.loss(base, lora.tensors(), validation, batch));
    }

    @Override
    public void afterStep(long steps) {
        snapshots.afterStep(steps, this);
    }

    /** The adapter as it is now, stored as {@code dtype}. */
    public LoraWeights weights(DType dtype) {
        return lora.weights(dtype);
    }

    @Override
    public void close() {
        lora.close();
    }
}
