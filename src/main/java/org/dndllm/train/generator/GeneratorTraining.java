package org.dndllm.train.generator;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.InvalidInputException;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.WeightSource;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.train.DataOrder;
import org.dndllm.train.Qwen2;
import org.dndllm.train.Seeds;
import org.dndllm.train.TrainingJob;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.TrainingProgress;
import org.dndllm.train.TrainingResult;
import org.dndllm.train.TrainingRun;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;

/**
 * Trains a generator. Each step takes G tasks in shuffled rounds, draws N prompts of each afresh (pool of N: always all of
 * them, in another order), and minimises what the settings say. One thread; whoever makes it closes it.
 */
public final class GeneratorTraining implements TrainingJob, AutoCloseable {
    /** On the condition, where checkpoints are reconstructed; official code. */
    private static final double CONDITION_NOISE = 1e-4;

    /** Fixed draws of prompts for each validation task. */
    private static final int VALIDATION_DRAWS = 2;

    private static final long VALIDATION = 0x76616c;
    private static final long PROMPTS = 1;
    private static final long LOSSES = 2;

    private final GeneratorConfig config;
    private final TaskSet tasks;
    private final ConditionStore conditions;
    private final GeneratorSettings settings;
    private final TrainingOptions options;
    private final Parameters parameters;
    private final GeneratorForward forward;
    private final TokenPairs pairs;
    private final DataOrder order;
    private final List<Part> parts = new ArrayList<>();

    /** A term of the loss. */
    private record Part(GeneratorLoss loss, double weight) {}

    /**
     * What a generator is trained with; all of it stays the caller's.
     *
     * @param conditions of the training tasks, then of the validation tasks unless they are the same
     * @param base frozen
     * @param checkpoints needed where they are reconstructed
     */
    public record Material(
            TaskSet tasks, ConditionStore conditions, Qwen2 base, Optional<CheckpointTokens> checkpoints) {}

    /**
     * @param initial weights to begin with
     * @throws InvalidInputException when the material does not suit the settings
     */
    public GeneratorTraining(
            GeneratorConfig config,
            AdapterLayout layout,
            WeightSource initial,
            Material material,
            GeneratorSettings settings,
            TrainingOptions options) {
        this.config = config;
        this.tasks = material.tasks();
        this.conditions = material.conditions();
        this.settings = settings;
        this.options = options;
        requireItems();
        conditions.requireWidth(config.channels());
        pairs = new TokenPairs(layout, material.base().device());
        parameters = GeneratorParameters.of(config, initial, material.base().device());
        forward = GeneratorForward.of(config, parameters::get);
        order = new DataOrder(tasks.train().size(), options.seed());
        if (settings.objective().answers()) {
            parts.add(new Part(
                    new AnswerLoss(material.base(), pairs, tasks, settings.itemsPerTask(), settings.validationItems()),
                    1));
        }
        if (settings.objective().reconstructs()) {
            CheckpointTokens checkpoints = material.checkpoints()
                    .orElseThrow(() -> new InvalidInputException(
                            "<training>",
                            "checkpoints",
                            "are needed for " + settings.objective().label()));
            parts.add(
                    new Part(new TokenLoss(checkpoints), settings.objective().answers() ? settings.reconWeight() : 1));
        }
    }

    private void requireItems() {
        for (GeneratorTask task : tasks.train()) {
            if (settings.objective().answers() && task.train().size() < settings.itemsPerTask()) {
                throw new InvalidInputException(
                        "task " + task.name(),
                        "items",
                        "has " + task.train().size() + " training items that are short enough, a step scores "
                                + settings.itemsPerTask() + "; score fewer items per task or leave the task out");
            }
        }
    }

    /**
     * Trains to the end, from the folder's last checkpoint if there is one; see {@link TrainingRun#run}.
     *
     * @param inputs what identifies the base, the encoder and the initial weights, as JSON members
     */
    public TrainingResult run(Path folder, Map<String, ?> inputs, Consumer<TrainingProgress> listener) {
        Map<String, Object> identity = new LinkedHashMap<>(inputs);
        identity.put("generator", config.toJson());
        identity.put("step", settings.toJson());
        identity.put("tasks", hashes(tasks.train()));
        identity.put("validation_tasks", hashes(tasks.validation()));
        return new TrainingRun(folder, parameters, this, options, identity, listener).run();
    }

    private static Map<String, String> hashes(List<GeneratorTask> tasks) {
        Map<String, String> hashes = new LinkedHashMap<>();
        tasks.forEach(task -> hashes.put(task.name(), task.sha256()));
        return hashes;
    }

    @Override
    public Tensor loss(long step, int part) {
        long seed = Seeds.mix(options.seed(), step, part);
        int[] groups = new int[settings.tasksPerStep()];
        for (int g = 0; g < groups.length; g++) {
            groups[g] = order.at((step * options.accumulate() + part) * groups.length + g);
        }
        ConditionTensors drawn = draw(groups, Seeds.mix(seed, PROMPTS));
        boolean noisy = settings.objective().reconstructs();
        Tensor tokens = forward.tokens(noisy ? drawn.withNoise(CONDITION_NOISE) : drawn); // [G, T, R, W]
        Tensor sum = Tensors.zeros(parameters.device());
        for (Part term : parts) {
            Tensor loss = term.loss().training(tokens, groups, Seeds.mix(seed, LOSSES));
            sum = sum.add(loss, new Scalar(term.weight()));
        }
        return sum;
    }

    /** N prompts of each of the store's tasks. */
    private ConditionTensors draw(int[] stored, long seed) {
        int[][] prompts = new int[stored.length][];
        for (int g = 0; g < stored.length; g++) {
            prompts[g] = Draws.distinct(conditions.size(stored[g]), config.prompts(), Seeds.mix(seed, g));
        }
        return conditions.conditions(stored, prompts);
    }

    /** Answers decide where they count, else tokens: the mean over tasks and over draws of their training prompts. */
    @Override
    public OptionalDouble validationLoss() {
        GeneratorLoss loss = parts.getFirst().loss();
        double sum = 0;
        int scored = 0;
        for (int task = 0; task < tasks.validation().size(); task++) {
            if (loss.validates(task)) {
                for (int i = 0; i < VALIDATION_DRAWS; i++) {
                    sum += validationLoss(loss, task, i);
                    scored++;
                }
            }
        }
        return scored == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum / scored);
    }

    private double validationLoss(GeneratorLoss loss, int task, int draw) {
        int stored = tasks.setsTasksAside() ? tasks.train().size() + task : task;
        try (PointerScope scope = new PointerScope();
                NoGradGuard frozen = new NoGradGuard()) {
            ConditionTensors drawn = draw(new int[] {stored}, Seeds.mix(options.seed(), VALIDATION, task, draw));
            return loss.validation(forward.tokens(drawn), task);
        }
    }

    /**
     * Writes the generator as it is now and checks what ONNX Runtime makes of it.
     *
     * @return the largest relative difference of a token between LibTorch and ONNX Runtime
     * @throws org.dndllm.NativeFailureException when it exceeds {@link GeneratorExport#TOLERANCE}
     */
    public double export(Path onnxFile) {
        try (PointerScope scope = new PointerScope();
                NoGradGuard frozen = new NoGradGuard()) {
            ConditionTensors sample = draw(new int[] {0}, Seeds.mix(options.seed(), VALIDATION));
            return GeneratorExport.write(config, parameters, sample, onnxFile);
        }
    }

    @Override
    public void close() {
        pairs.close();
        parameters.close();
    }
}
