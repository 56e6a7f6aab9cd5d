package org.dndllm.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.train.torch.AdamW;
import org.dndllm.train.torch.Autocast;
import org.dndllm.train.torch.ExitGate;
import org.dndllm.train.torch.LibTorch;
import org.dndllm.train.torch.Parameters;

/**
 * The loop around an optimiser: schedule, accumulation, clipping, metrics, checkpoints, validation, early stop. A run that
 * was killed goes on from its last checkpoint and, on a CPU, ends with the same bits as one that was not.
 *
 * <p>In the run's folder: {@code metrics.jsonl} with a line per step, and {@code checkpoints/}. One process at a time; a
 * lock sees to it.
 */
public final class TrainingRun {
    private static final int BLAMED = 3;

    private final Path folder;
    private final Parameters parameters;
    private final TrainingJob job;
    private final TrainingOptions options;
    private final Map<String, ?> identity;
    private final Consumer<TrainingProgress> listener;

    /** A run that its options and parameters identify. */
    public TrainingRun(
            Path folder,
            Parameters parameters,
            TrainingJob job,
            TrainingOptions options,
            Consumer<TrainingProgress> listener) {
        this(folder, parameters, job, options, Map.of(), listener);
    }

    /**
     * @param folder of this run alone; made when missing
     * @param parameters to train, at their initial values; they are the caller's
     * @param identity what else decides the run's numbers, as JSON members: a checkpoint of another is refused
     * @param listener hears of every step
     */
    public TrainingRun(
            Path folder,
            Parameters parameters,
            TrainingJob job,
            TrainingOptions options,
            Map<String, ?> identity,
            Consumer<TrainingProgress> listener) {
        this.folder = folder;
        this.parameters = parameters;
        this.job = job;
        this.options = options;
        this.identity = new LinkedHashMap<>(identity);
        this.listener = listener;
    }

    /**
     * Trains to the end. Afterwards the parameters are the best validated ones, or the last where nothing validates.
     *
     * @throws InvalidInputException when the loss or a gradient is not finite, or the folder holds another run; the last
     *     checkpoint stays
     * @throws EnvironmentException when the disk refuses
     */
    public TrainingResult run() {
        createFolder();
        try (RunLock lock = RunLock.of(folder)) {
            return locked();
        }
    }

    private TrainingResult locked() {
        Checkpoints checkpoints = checkpoints();
        Optional<BestParameters> best =
                options.validateEvery() > 0 ? Optional.of(new BestParameters(parameters)) : Optional.empty();
        try (AdamW optimiser = new AdamW(parameters, options.weightDecay(), options.beta2())) {
            TrainingState state = checkpoints.restore(parameters, optimiser, best);
            state = train(state, optimiser, checkpoints, best);
            if (state.bestLoss().isPresent()) {
                best.ifPresent(BestParameters::restore);
            }
            boolean early = state.step() < options.steps();
            long bestStep = state.bestLoss().isPresent() ? state.bestStep() : state.step();
            return new TrainingResult(state.step(), state.loss(), state.bestLoss(), bestStep, early);
        } finally {
            best.ifPresent(BestParameters::close);
        }
    }

    /** Removes the run's checkpoints, to save their space when its result is kept elsewhere; it cannot be resumed then. */
    public void discardCheckpoints() {
        checkpoints().clear();
    }

    private Checkpoints checkpoints() {
        Map<String, Object> settings = options.toJson();
        settings.putAll(identity);
        return new Checkpoints(folder.resolve("checkpoints"), settings);
    }

    private TrainingState train(
            TrainingState from, AdamW optimiser, Checkpoints checkpoints, Optional<BestParameters> best) {
        CosineSchedule schedule = options.schedule();
        long begin = System.nanoTime();
        TrainingState state = from;
        try (MetricsLog metrics = MetricsLog.open(folder.resolve("metrics.jsonl"), state.step())) {
            while (state.step() < options.steps() && !outOfPatience(state)) {
                try (ExitGate gate = ExitGate.step()) {
                    double rate = schedule.rate(state.step());
                    double loss = gradients(state.step(), optimiser);
                    double norm = optimiser.clip(options.clip());
                    requireFinite(state.step(), rate, loss, norm, checkpoints);
                    optimiser.step(rate);
                    state = state.afterStep(loss);
                    job.afterStep(state.step());
                    OptionalDouble validation = validationDue(state) ? job.validationLoss() : OptionalDouble.empty();
                    if (validation.isPresent()) {
                        state = validated(state, validation.getAsDouble(), rate, norm, checkpoints, best);
                    }
                    Duration elapsed = Duration.ofNanos(System.nanoTime() - begin);
                    metrics.append(line(state, rate, norm, validation, elapsed));
                    if (checkpointDue(state)) {
                        checkpoints.write(state, parameters, optimiser, best);
                    }
                    listener.accept(
                            TrainingProgress.of(state.step(), options.steps(), from.step(), loss, rate, norm, elapsed));
                }
            }
        }
        return state;
    }

    /** Mean loss of the parts of a step; the gradients are then those of that mean. */
    private double gradients(long step, AdamW optimiser) {
        optimiser.zeroGradients();
        double sum = 0;
        for (int part = 0; part < options.accumulate(); part++) {
            LibTorch.seed(Seeds.mix(options.seed(), step, part));
            try (PointerScope scope = new PointerScope()) {
                Tensor loss;
                try (Autocast precision = Autocast.of(parameters.device(), options.bfloat16())) {
                    loss = job.loss(step, part);
                }
                loss.mul(new Scalar(1.0 / options.accumulate())).backward();
                sum += loss.item_float();
            }
        }
        return sum / options.accumulate();
    }

    private TrainingState validated(
            TrainingState state,
            double validation,
            double rate,
            double norm,
            Checkpoints checkpoints,
            Optional<BestParameters> best) {
        if (!Double.isFinite(validation)) {
            throw notFinite("validation loss", state.step(), rate, validation, norm, checkpoints);
        }
        if (state.improvedBy(validation)) {
            best.ifPresent(BestParameters::keep);
        }
        return state.afterValidation(validation);
    }

    private boolean outOfPatience(TrainingState state) {
        return options.patience() > 0 && state.stale() >= options.patience();
    }

    private boolean validationDue(TrainingState state) {
        return options.validateEvery() > 0
                && (state.step() % options.validateEvery() == 0 || state.step() == options.steps());
    }

    private boolean checkpointDue(TrainingState state) {
        return state.step() % options.checkpointEvery() == 0 || state.step() == options.steps() || outOfPatience(state);
    }

    private static Map<String, Object> line(
            TrainingState state, double rate, double norm, OptionalDouble validation, Duration elapsed) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", state.step());
        line.put("loss", state.loss());
        line.put("learning_rate", rate);
        line.put("gradient_norm", norm);
        validation.ifPresent(loss -> line.put("validation_loss", loss));
        line.put("seconds", elapsed.toMillis() / 1e3);
        return line;
    }

    private void requireFinite(long step, double rate, double loss, double norm, Checkpoints checkpoints) {
        if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
            throw notFinite("loss", step, rate, loss, norm, checkpoints);
        }
    }

    private InvalidInputException notFinite(
            String what, long step, double rate, double loss, double norm, Checkpoints checkpoints) {
        String blamed = parameters.gradientNorms().entrySet().stream()
                .sorted(java.util.Comparator.comparing((Map.Entry<String, Float> entry) ->
                        Float.isFinite(entry.getValue()) ? -entry.getValue() : -Float.MAX_VALUE))
                .limit(BLAMED)
                .map(entry -> entry.getKey() + " " + entry.getValue())
                .collect(java.util.stream.Collectors.joining(", "));
        String kept = checkpoints
                .newest()
                .map(path -> "the checkpoint " + path + " is kept")
                .orElse("there is no checkpoint yet");
        return new InvalidInputException(
                folder.toString(),
                "step " + (step + 1),
                what + " is " + loss + " with learning rate " + rate + ", norm of all gradients " + norm + " (largest: "
                        + blamed + "); " + kept + ". Lower the learning rate or clip gradients, in another folder");
    }

    private void createFolder() {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new EnvironmentException(folder + ": cannot be made (" + e + "); check its permissions", e);
        }
    }
}
