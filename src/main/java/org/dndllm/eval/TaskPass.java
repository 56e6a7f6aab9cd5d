package org.dndllm.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.LongFunction;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.OutOfDistribution;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;

/** One task under the controls that were asked for. Used once. */
final class TaskPass {
    private final Workbench bench;
    private final TaskData task;
    private final Set<Control> controls;
    private final Progress progress;
    private final List<TaskItem> items;
    private final TrainedLoras trained;
    private final List<Double> generationSeconds = new ArrayList<>();
    private final List<OutOfDistribution.Score> scores = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private final int planned; // runs, at most
    private int done;

    TaskPass(Workbench bench, TaskData task, Set<Control> controls, Progress progress) {
        this.bench = bench;
        this.task = task;
        this.controls = controls;
        this.progress = progress;
        int limit = bench.options().items();
        items = limit == 0 || limit > task.test().size()
                ? task.test()
                : task.test().subList(0, limit);
        trained = new TrainedLoras(bench, task, items, this::ran);
        planned = controls.stream().mapToInt(this::runs).sum();
    }

    private int runs(Control control) {
        return switch (control) {
            case TRAINING_MEAN -> trained.count();
            case GENERATED, SHUFFLED, JUNK, FEW_SHOT -> bench.options().seeds().size();
            default -> 1;
        };
    }

    TaskResult result() {
        warnOfData();
        List<Measurement> measurements = new ArrayList<>();
        for (Control control : Control.values()) {
            if (controls.contains(control)) {
                measurements.add(measure(control));
            }
        }
        progress.advanced(task.name(), planned, planned);
        warnOfNoEffect(measurements);
        return new TaskResult(
                task.name(),
                task.role(),
                items,
                measurements,
                generationSeconds,
                trained.ownTrainSeconds(),
                scores,
                warnings);
    }

    private Measurement measure(Control control) {
        return switch (control) {
            case BASE -> new Measurement(control, List.of(base()), "");
            case GENERATED -> perSeed(control, seed -> generated(bench.conditions(task), seed, "seed " + seed, true));
            case JUNK ->
                perSeed(
                        control,
                        seed -> generated(JunkPrompts.of(bench.prompts(), seed), seed, "junk, seed " + seed, false));
            case SHUFFLED -> shuffled();
            case FEW_SHOT -> fewShot();
            case TRAINING_MEAN -> trained.mean();
            case TRAINING_BEST -> trained.best();
            case NEAREST -> trained.nearest();
            case MULTITASK -> trained.multitask();
            case OWN_LABELS -> trained.ownLabels();
        };
    }

    private void ran() {
        done = Math.min(done + 1, planned - 1); // the last step is result()'s
        progress.advanced(task.name(), done, planned);
    }

    private Run base() {
        Run run = bench.sheet().base("base", items);
        ran();
        return run;
    }

    private Measurement perSeed(Control control, LongFunction<Run> run) {
        return new Measurement(
                control, bench.options().seeds().stream().map(run::apply).toList(), "");
    }

    private Run generated(PromptSet prompts, long seed, String label, boolean own) {
        GeneratedAdapter adapter = bench.dnd().generate(prompts, seed, label);
        AnswerSheet.Adapted adapted = bench.sheet().with(adapter.weights(), label, items);
        if (own) {
            double generation = adapter.provenance().times().values().stream()
                    .mapToDouble(time -> time.toNanos() / 1e9)
                    .sum();
            generationSeconds.add(generation + adapted.loadSeconds());
            adapter.provenance().outOfDistribution().ifPresent(scores::add);
        }
        ran();
        return adapted.run();
    }

    /** Another task of the same role for each seed; of any role where there is no other. */
    private Measurement shuffled() {
        List<String> others =
                new ArrayList<>(task.role().map(bench.folder()::names).orElseGet(bench.folder()::names));
        others.removeIf(this::cannotLend);
        if (others.isEmpty()) {
            others.addAll(bench.folder().names());
            others.removeIf(this::cannotLend);
        }
        if (others.isEmpty()) {
            return Measurement.missing(Control.SHUFFLED, "the folder holds no other task with training prompts");
        }
        return perSeed(Control.SHUFFLED, seed -> {
            // hashCode of a String is the same on every machine
            Random random = new Random(31 * seed + task.name().hashCode());
            String other = others.get(random.nextInt(others.size()));
            PromptSet prompts = bench.conditions(bench.task(other));
            return generated(prompts, seed, "prompts of " + other + ", seed " + seed, false);
        });
    }

    private boolean cannotLend(String other) {
        return other.equals(task.name()) || bench.task(other).train().isEmpty();
    }

    private Measurement fewShot() {
        FewShot fewShot = new FewShot(bench.sheet().vocabulary());
        int longest = items.stream()
                .mapToInt(item -> fewShot.question(item, List.of()).length)
                .max()
                .orElseThrow();
        int most =
                bench.options().shots() == 0 ? bench.prompts() : bench.options().shots();
        List<Run> runs = new ArrayList<>();
        for (long seed : bench.options().seeds()) {
            List<TaskItem> shots = fewShot.draw(task, seed, bench.sheet().promptRoom() - longest, most);
            if (shots.isEmpty()) {
                return Measurement.missing(
                        Control.FEW_SHOT,
                        "no labelled training item fits into the context beside the longest question");
            }
            List<int[]> prompts =
                    items.stream().map(item -> fewShot.question(item, shots)).toList();
            runs.add(bench.sheet().answer(shots.size() + " shots, seed " + seed, items, prompts));
            ran();
        }
        return new Measurement(Control.FEW_SHOT, runs, runs.getFirst().label().replaceFirst(",.*", ""));
    }

    private void warnOfData() {
        warnings.addAll(task.warnings());
        int prompts = bench.prompts();
        if (task.train().size() < prompts) {
            warnings.add(task.name() + " has " + task.train().size() + " training prompts, the generator reads "
                    + prompts + ": they repeat");
        }
        if (trained.count() > 0 && !controls.equals(Control.plain())) {
            int leaked = trained.leaked();
            if (leaked > 0) {
                warnings.add(leaked + " of " + items.size() + " test prompts of " + task.name()
                        + " are in the training split of a training task; trained LoRAs may know them by heart");
            }
        }
    }

    /** An adapter that was loaded but does nothing is the fault that nobody notices in a table. */
    private void warnOfNoEffect(List<Measurement> measurements) {
        Optional<List<String>> base = measurements.stream()
                .filter(measurement -> measurement.control() == Control.BASE)
                .map(measurement -> measurement.runs().getFirst().answers())
                .findFirst();
        measurements.stream()
                .filter(measurement -> measurement.control() != Control.BASE)
                .flatMap(measurement -> measurement.runs().stream())
                .filter(run -> base.isPresent() && run.answers().equals(base.get()))
                .map(run -> task.name() + ": " + run.label() + " gives exactly the base model's answers")
                .distinct()
                .forEach(warnings::add);
    }
}
