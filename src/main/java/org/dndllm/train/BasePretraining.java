package org.dndllm.train;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufWriter;
import org.dndllm.format.HalfFloats;
import org.dndllm.format.Q8Zero;
import org.dndllm.lora.BaseGguf;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.TorchDevice;

/** Trains all weights of a small Qwen2 base model from nothing, and writes it as GGUF. One thread; the maker closes it. */
public final class BasePretraining implements TrainingJob, AutoCloseable {
    private static final double EMBEDDING_DEVIATION = 0.02;
    private static final double MATRIX_GAIN = 0.7;
    private static final ValueLayout.OfFloat LE_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final Qwen2Config config;
    private final Parameters parameters;
    private final Qwen2 model;
    private final ExampleStream stream;
    private final List<Example> validation;
    private final int batch;
    private final TrainingOptions options;

    /** An endless supply of examples. */
    @FunctionalInterface
    public interface ExampleStream {
        /** A pure function of its arguments; {@code index} counts the examples of a step, over all its parts. */
        Example at(long seed, long step, int index);
    }

    /**
     * @param validation possibly none
     * @param batch examples in each part of a step
     */
    public BasePretraining(
            Qwen2Config config,
            ExampleStream stream,
            List<Example> validation,
            int batch,
            TrainingOptions options,
            TorchDevice device) {
        this.config = config;
        this.stream = stream;
        this.validation = List.copyOf(validation);
        this.batch = batch;
        this.options = options;
        parameters = new Parameters(Qwen2Names.specs(config.shape()), device);
        for (Parameters.Spec spec : Qwen2Names.specs(config.shape())) {
            parameters.set(spec.name(), initial(spec));
        }
        model = Qwen2.of(config, parameters);
    }

    /**
     * Norms 1, biases 0, matrices normal. What ends a residual branch is not made smaller, as it is in deep models: at a
     * handful of layers that only delays the point where attention learns to look things up.
     */
    private float[] initial(Parameters.Spec spec) {
        float[] numbers = new float[Math.toIntExact(spec.shape().stream().reduce(1L, Math::multiplyExact))];
        if (spec.shape().size() == 1) {
            java.util.Arrays.fill(numbers, spec.name().endsWith("norm.weight") ? 1f : 0f);
            return numbers;
        }
        double deviation =
                spec.name().equals(Qwen2Names.EMBEDDING) || spec.name().equals(Qwen2Names.OUTPUT)
                        ? EMBEDDING_DEVIATION
                        : MATRIX_GAIN / Math.sqrt(spec.shape().getLast());
        Random random = new Random(Seeds.mix(options.seed(), spec.name().hashCode()));
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = (float) (random.nextGaussian() * deviation);
        }
        return numbers;
    }

    /** Trains to the end, from the folder's last checkpoint if there is one; see {@link TrainingRun#run}. */
    public TrainingResult run(Path folder, Consumer<TrainingProgress> listener) {
        return new TrainingRun(folder, parameters, this, options, listener).run();
    }

    /**
     * Trains on from the parameters as they are, with fresh moments and a schedule of its own.
     *
     * @param folder of this part alone
     * @param steps done before, from which the stream of examples goes on
     * @param more how many steps, and how
     */
    public TrainingResult goOn(Path folder, long steps, TrainingOptions more, Consumer<TrainingProgress> listener) {
        TrainingJob job = new TrainingJob() {
            @Override
            public Tensor loss(long step, int part) {
                return BasePretraining.this.loss(steps + step, part);
            }

            @Override
            public OptionalDouble validationLoss() {
                return BasePretraining.this.validationLoss();
            }
        };
        return new TrainingRun(folder, parameters, job, more, listener).run();
    }

    @Override
    public Tensor loss(long step, int part) {
        List<Example> drawn = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            drawn.add(stream.at(options.seed(), step, part * batch + i));
        }
        return loss(drawn);
    }

    /** The mean over all tokens that count, computed in groups of similar length: the same number with less padding. */
    private Tensor loss(List<Example> drawn) {
        List<Tensor> sums = new ArrayList<>();
        long tokens = 0;
        for (List<Example> group : LengthGroups.of(drawn)) {
            TokenBatch made = TokenBatch.of(group, model.device());
            long count = made.targets().numel();
            sums.add(model.loss(made, AdapterTensors.NONE).mul(new Scalar((double) count)));
            tokens += count;
        }
        Tensor sum = sums.getFirst();
        for (Tensor other : sums.subList(1, sums.size())) {
            sum = sum.add(other);
        }
        return sum.div(new Scalar((double) tokens));
    }

    @Override
    public OptionalDouble validationLoss() {
        return validation.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(Evaluation.loss(model, AdapterTensors.NONE, validation, batch));
    }

    /** The model under the parameters as they are. */
    public Qwen2 model() {
        return model;
    }

    /** How many numbers are trained. */
    public long parameters() {
        return parameters.count();
    }

    /**
     * Writes the model, whole or not at all.
     *
     * @param name {@code general.name}
     * @param description {@code general.description}
     * @param matrixType F32, F16, BF16 or Q8_0 for the matrices
     * @param contextLength positions that the model says it can use
     * @param marks puts keys of the caller's own
     * @param vocabulary puts the {@code tokenizer.*} keys
     */
    public void write(
            Path gguf,
            String name,
            String description,
            GgmlType matrixType,
            int contextLength,
            Consumer<GgufWriter> marks,
            Consumer<GgufWriter> vocabulary) {
        Map<String, String> names = new HashMap<>();
        parameters.names().forEach(hf -> names.put(Qwen2Names.gguf(hf), hf));
        BaseGguf.Settings settings = new BaseGguf.Settings(
                name, description, matrixType, contextLength, (float) config.ropeBase(), (float) config.rmsEpsilon());
        BaseGguf.writer(
                        config.shape(),
                        settings,
                        marks,
                        vocabulary,
                        (tensor, role, type, dims) -> destination ->
                                store(parameters.floats(names.getOrDefault(tensor, tensor)), type, destination))
                .write(gguf);
    }

    private static void store(float[] numbers, GgmlType type, MemorySegment destination) {
        switch (type) {
            case F32 -> MemorySegment.copy(numbers, 0, destination, LE_FLOAT, 0, numbers.length);
            case F16 -> HalfFloats.toF16(numbers, 0, destination, 0, numbers.length);
            case BF16 -> HalfFloats.toBf16(numbers, 0, destination, 0, numbers.length);
            case Q8_0 -> Q8Zero.quantize(numbers, 0, destination, 0, numbers.length);
            default -> throw new IllegalArgumentException("weights are stored as F32, F16, BF16 or Q8_0, not " + type);
        }
    }

    @Override
    public void close() {
        model.close();
        parameters.close();
    }
}
