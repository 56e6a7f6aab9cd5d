package org.dndllm.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.OutOfDistribution;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraWeights;

/**
 * Scores tasks: greedy answers to the test split, exact match after trimming, under the generated adapters and every
 * control that is asked for.
 *
 * <pre>{@code
 * try (Evaluation evaluation = Evaluation.of(dnd, TaskFolder.open(tasks), Optional.empty(), EvalOptions.DEFAULT)) {
 *     TaskResult result = evaluation.task("largest-next", Control.plain(), Progress.NONE);
 *     Summary summary = Summary.of(List.of(result));
 * }
 * }</pre>
 *
 * <p>Uses a context of its own; the conversation of {@code dnd} and its attached adapter are left alone. One caller at a
 * time. The caller closes it, before {@code dnd}.
 */
public final class Evaluation implements AutoCloseable {
    private static final int SCORE_DRAWS = 20;

    private final DragAndDrop dnd;
    private final TaskFolder folder;
    private final Optional<LoraFolder> loras;
    private final EvalOptions options;
    private final AnswerSheet sheet;
    private final PromptLikeness likeness;
    private final Map<String, TaskData> read = new HashMap<>();

    private Evaluation(DragAndDrop dnd, TaskFolder folder, Optional<LoraFolder> loras, EvalOptions options) {
        this.dnd = dnd;
        this.folder = folder;
        this.loras = loras;
        this.options = options;
        sheet = new AnswerSheet(
                dnd.live(), dnd.options().context(), dnd.options().adapterType(), options);
        likeness = new PromptLikeness(dnd.encoder());
    }

    /**
     * Prepares evaluations.
     *
     * @param loras trained LoRAs for the controls that need them
     */
    public static Evaluation of(DragAndDrop dnd, TaskFolder folder, Optional<LoraFolder> loras, EvalOptions options) {
        return new Evaluation(dnd, folder, loras, options);
    }

    /**
     * Evaluates a task. A control whose parts are absent is in the result with the reason.
     *
     * @param progress told after every pass over the items
     * @throws InvalidInputException if the task's files or a LoRA are malformed, or it has no training or test split
     */
    public TaskResult task(String name, Set<Control> controls, Progress progress) {
        TaskData task = data(name);
        task.requireScorable();
        return new Pass(task, controls, progress).result();
    }

    /**
     * How well the out-of-distribution score tells the folder's held-out tasks from its outside tasks: many prompt draws of
     * each, nothing is generated.
     *
     * @throws InvalidInputException if there is no task of either role, or the bundle has no statistics of its training
     *     tasks
     */
    public OodResult outOfDistribution(Progress progress) {
        Map<String, List<OutOfDistribution.Score>> heldOut = scores(TaskRole.HELD_OUT, progress);
        Map<String, List<OutOfDistribution.Score>> outside = scores(TaskRole.OUTSIDE, progress);
        return OodResult.of(heldOut, outside);
    }

    private Map<String, List<OutOfDistribution.Score>> scores(TaskRole role, Progress progress) {
        List<String> names = folder.names(role);
        if (names.isEmpty()) {
            throw new InvalidInputException(
                    folder.folder().toString(),
                    "world.json",
                    "gives no task the role " + role.label()
                            + "; the score is judged by held-out against outside tasks");
        }
        Map<String, List<OutOfDistribution.Score>> scores = new TreeMap<>();
        for (String name : names) {
            PromptSet prompts = data(name).trainPrompts();
            scores.put(
                    name,
                    LongStream.rangeClosed(1, SCORE_DRAWS)
                            .mapToObj(seed -> score(prompts, seed))
                            .toList());
            progress.advanced("score " + role.label(), scores.size(), names.size());
        }
        return scores;
    }

    private OutOfDistribution.Score score(PromptSet prompts, long seed) {
        return dnd.outOfDistribution(prompts, seed)
                .orElseThrow(() -> new InvalidInputException(
                        dnd.bundle().folder().toString(),
                        OutOfDistribution.FILE,
                        "is not in the bundle; calibrate it first (dnd eval --calibrate-ood)"));
    }

    private TaskData data(String name) {
        return read.computeIfAbsent(name, folder::task);
    }

    /** Ends the context; {@code dnd} stays open. */
    @Override
    public void close() {
        sheet.close();
    }

    /** One task under all controls. */
    private final class Pass {
        private final TaskData task;
        private final Set<Control> controls;
        private final Progress progress;
        private final List<TaskItem> items;
        private final List<String> training; // training tasks that have a LoRA
        private final Map<String, Run> trainingRuns = new HashMap<>();
        private final List<Double> generationSeconds = new ArrayList<>();
        private final List<OutOfDistribution.Score> scores = new ArrayList<>();
        private final List<String> warnings = new ArrayList<>();
        private final int planned;
        private int done;

        private Pass(TaskData task, Set<Control> controls, Progress progress) {
            this.task = task;
            this.controls = controls;
            this.progress = progress;
            items = options.items() == 0 || options.items() > task.test().size()
                    ? task.test()
                    : task.test().subList(0, options.items());
            training = folder.trainingTasks(task.name()).stream()
                    .filter(other -> loras.isPresent() && loras.get().has(other))
                    .toList();
            planned = controls.stream().mapToInt(this::runs).sum();
            warnings.addAll(task.warnings());
        }

        private int runs(Control control) {
            return switch (control) {
                case TRAINING_MEAN -> training.size();
                case GENERATED, SHUFFLED, JUNK, FEW_SHOT -> options.seeds().size();
                default -> 1;
            };
        }

        private TaskResult result() {
            int read = dnd.bundle().prompts();
            if (task.train().size() < read) {
                warnings.add(task.name() + " has " + task.train().size() + " training prompts, the generator reads "
                        + read + ": they repeat");
            }
            List<Measurement> measurements = new ArrayList<>();
            for (Control control : Control.values()) {
                if (controls.contains(control)) {
                    measurements.add(measure(control));
                }
            }
            warnOfNoEffect(measurements);
            OptionalDouble trainSeconds =
                    loras.map(all -> all.trainSeconds(task.name())).orElseGet(OptionalDouble::empty);
            return new TaskResult(
                    task.name(), task.role(), items, measurements, generationSeconds, trainSeconds, scores, warnings);
        }

        private Measurement measure(Control control) {
            return switch (control) {
                case BASE -> new Measurement(control, List.of(counted(sheet.base("base", items))), "");
                case GENERATED ->
                    perSeed(control, "", seed -> generated(task.trainPrompts(), seed, "seed " + seed, true));
                case JUNK ->
                    perSeed(
                            control,
                            "",
                            seed -> generated(
                                    JunkPrompts.of(dnd.bundle().prompts(), seed), seed, "junk, seed " + seed, false));
                case SHUFFLED -> shuffled();
                case FEW_SHOT -> fewShot();
                case TRAINING_MEAN -> trainingMean();
                case TRAINING_BEST -> trainingBest();
                case NEAREST -> nearest();
                case MULTITASK -> trained(control, "multitask", all -> all.multitask(shape()));
                case OWN_LABELS -> trained(control, task.name(), all -> all.read(task.name(), shape()));
            };
        }

        private Run counted(Run run) {
            done = Math.min(done + 1, planned);
            progress.advanced(task.name(), done, planned);
            return run;
        }

        private Measurement perSeed(Control control, String remark, java.util.function.LongFunction<Run> run) {
            return new Measurement(
                    control, options.seeds().stream().map(run::apply).toList(), remark);
        }

        private Run generated(PromptSet prompts, long seed, String label, boolean own) {
            GeneratedAdapter adapter = dnd.generate(prompts, seed, label);
            AnswerSheet.Adapted adapted = sheet.with(adapter.weights(), label, items);
            if (own) {
                double generation = adapter.provenance().times().values().stream()
                        .mapToDouble(time -> time.toNanos() / 1e9)
                        .sum();
                generationSeconds.add(generation + adapted.loadSeconds());
                adapter.provenance().outOfDistribution().ifPresent(scores::add);
            }
            return counted(adapted.run());
        }

        /** Another task of the same role for each seed, where there is one. */
        private Measurement shuffled() {
            List<String> others = new ArrayList<>(task.role().map(folder::names).orElseGet(folder::names));
            others.removeIf(this::cannotLend);
            if (others.isEmpty()) {
                others.addAll(folder.names());
                others.removeIf(this::cannotLend);
            }
            if (others.isEmpty()) {
                return Measurement.missing(Control.SHUFFLED, "the folder holds no other task with training prompts");
            }
            return perSeed(Control.SHUFFLED, "", seed -> {
                // hashCode of a String is the same on every machine
                Random random = new Random(31 * seed + task.name().hashCode());
                String other = others.get(random.nextInt(others.size()));
                return generated(data(other).trainPrompts(), seed, "prompts of " + other + ", seed " + seed, false);
            });
        }

        private boolean cannotLend(String other) {
            return other.equals(task.name()) || data(other).train().isEmpty();
        }

        private Measurement fewShot() {
            FewShot fewShot = new FewShot(sheet.vocabulary());
            int longest = items.stream()
                    .mapToInt(item -> fewShot.question(item, List.of()).length)
                    .max()
                    .orElseThrow();
            List<Run> runs = new ArrayList<>();
            for (long seed : options.seeds()) {
                List<TaskItem> shots = fewShot.draw(task, seed, sheet.promptRoom() - longest, options.shots());
                if (shots.isEmpty()) {
                    return Measurement.missing(
                            Control.FEW_SHOT,
                            "no labelled training item fits into the context beside the longest question");
                }
                List<int[]> prompts = items.stream()
                        .map(item -> fewShot.question(item, shots))
                        .toList();
                runs.add(counted(sheet.answer(shots.size() + " shots, seed " + seed, items, prompts)));
            }
            return new Measurement(
                    Control.FEW_SHOT, runs, runs.getFirst().label().replaceFirst(",.*", ""));
        }

        private Measurement trainingMean() {
            if (training.isEmpty()) {
                return noTraining(Control.TRAINING_MEAN);
            }
            return new Measurement(
                    Control.TRAINING_MEAN,
                    training.stream().map(this::trainingRun).toList(),
                    training.size() + " of " + folder.trainingTasks(task.name()).size()
                            + " training tasks have a LoRA");
        }

        private Measurement trainingBest() {
            if (training.isEmpty()) {
                return noTraining(Control.TRAINING_BEST);
            }
            Run best = training.stream()
                    .map(this::trainingRun)
                    .max(Comparator.comparingInt(Run::right))
                    .orElseThrow();
            return new Measurement(Control.TRAINING_BEST, List.of(best), best.label());
        }

        private Measurement nearest() {
            if (training.isEmpty()) {
                return noTraining(Control.NEAREST);
            }
            List<PromptSet> candidates =
                    training.stream().map(other -> data(other).trainPrompts()).toList();
            String nearest = training.get(likeness.nearest(task.trainPrompts(), candidates));
            return new Measurement(Control.NEAREST, List.of(trainingRun(nearest)), nearest);
        }

        private Run trainingRun(String other) {
            return trainingRuns.computeIfAbsent(other, name -> {
                LoraWeights weights = loras.orElseThrow().read(name, shape()).orElseThrow();
                return counted(sheet.with(weights, name, items).run());
            });
        }

        private Measurement noTraining(Control control) {
            return Measurement.missing(
                    control,
                    loras.map(all -> "no training task has a LoRA in " + all)
                            .orElse("no folder of trained LoRAs given"));
        }

        private Measurement trained(
                Control control, String name, java.util.function.Function<LoraFolder, Optional<LoraWeights>> reader) {
            if (loras.isEmpty()) {
                return Measurement.missing(control, "no folder of trained LoRAs given");
            }
            return reader.apply(loras.get())
                    .map(weights -> new Measurement(
                            control,
                            List.of(counted(sheet.with(weights, name, items).run())),
                            ""))
                    .orElseGet(() -> Measurement.missing(control, loras.get() + " has no " + name));
        }

        private BaseShape shape() {
            return dnd.live().model().shape();
        }

        /** An adapter that was loaded but does nothing is the fault that nobody notices in a table. */
        private void warnOfNoEffect(List<Measurement> measurements) {
            Optional<Run> base = measurements.stream()
                    .filter(measurement -> measurement.control() == Control.BASE)
                    .map(measurement -> measurement.runs().getFirst())
                    .findFirst();
            Stream<Run> adapted = measurements.stream()
                    .filter(measurement -> measurement.control() != Control.BASE)
                    .flatMap(measurement -> measurement.runs().stream())
                    .distinct();
            base.ifPresent(same -> adapted.filter(run -> run.answers().equals(same.answers()))
                    .forEach(run -> warnings.add(
                            task.name() + ": " + run.label() + " gives exactly the base model's answers")));
        }
    }
}
