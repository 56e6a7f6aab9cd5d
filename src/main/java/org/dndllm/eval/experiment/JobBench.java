package org.dndllm.eval.experiment;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.AdapterPipeline;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptCount;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.Control;
import org.dndllm.eval.Evaluation;
import org.dndllm.eval.LoraFolder;
import org.dndllm.eval.Measurement;
import org.dndllm.eval.Run;
import org.dndllm.eval.TaskData;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.TaskResult;
import org.dndllm.eval.TaskRole;
import org.dndllm.format.GgmlType;
import org.dndllm.format.Sha256;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.jspecify.annotations.Nullable;

/** Runs jobs. Owns the models and closes them; one caller at a time. */
final class JobBench implements AutoCloseable {
    private final Settings settings;
    private final Path scratch;
    private final Optional<Tuner> tuner;
    private final TaskFolder folder;
    private final DragAndDrop dnd;
    private final String baseSha256;
    private final Evaluation evaluation;
    private @Nullable Resized resized;

    /** A bundle of another number of prompts. One at a time: the sessions of real encoders take hundreds of megabytes. */
    private record Resized(int count, AdapterPipeline pipeline) {}

    /** What a job measured, before its cost is known. */
    record Measured(List<Cell> cells, String remark, Map<String, Double> measures) {}

    /**
     * @param scratch empty folder for bundles of other prompt counts; the caller removes it
     * @param tuner for {@link Arm.Tuned}; stays the caller's
     */
    JobBench(Settings settings, Path scratch, Optional<Tuner> tuner) {
        this.settings = settings;
        this.scratch = scratch;
        this.tuner = tuner;
        folder = TaskFolder.open(settings.tasks());
        baseSha256 = Sha256.of(settings.base());
        dnd = DragAndDrop.open(settings.base(), settings.bundle(), settings.engine());
        try {
            evaluation = evaluation(0);
        } catch (RuntimeException e) {
            dnd.close();
            throw e;
        }
    }

    private Evaluation evaluation(int shots) {
        return Evaluation.of(dnd, folder, settings.loras().map(LoraFolder::open), settings.options(shots));
    }

    /** How many tasks a job has. */
    int tasks(Trial.Job job) {
        return folder.names(job.role()).size();
    }

    Measured run(Trial.Job job, CostMeter meter, Progress progress) {
        List<String> tasks = folder.names(job.role());
        if (tasks.isEmpty()) {
            return new Measured(
                    List.of(),
                    "the task folder has no task of role " + job.role().label(),
                    Map.of());
        }
        return switch (job.arm()) {
            case Arm.Controlled control -> controlled(control, tasks, progress);
            case Arm.Generated generated -> generated(generated, tasks, job, new Stages(meter), progress);
            case Arm.Tuned tuned -> tuned(tuned, tasks, job.name(), progress);
        };
    }

    private Measured controlled(Arm.Controlled arm, List<String> tasks, Progress progress) {
        List<Cell> cells = new ArrayList<>();
        List<String> remarks = new ArrayList<>();
        Map<String, Double> measures = new LinkedHashMap<>();
        Evaluation own = arm.shots() == 0 ? evaluation : evaluation(arm.shots());
        try {
            for (String task : tasks) {
                TaskResult result = own.task(task, Set.of(arm.control()), Progress.NONE);
                Measurement measurement = result.of(arm.control()).orElseThrow();
                OptionalDouble training = result.trainSeconds();
                boolean trained = arm.control() == Control.OWN_LABELS;
                measurement
                        .runs()
                        .forEach(run -> cells.add(Cell.of(task, run, trained ? training : OptionalDouble.empty())));
                remarks.add(measurement.remark());
                progress.advanced(arm.control().title(), remarks.size(), tasks.size());
            }
        } finally {
            if (own != evaluation) {
                own.close();
            }
        }
        median(cells.stream().flatMapToDouble(cell -> cell.seconds().stream()).toArray())
                .ifPresent(seconds -> measures.put("train_seconds", seconds));
        return new Measured(cells, common(remarks), measures);
    }

    /** Remarks that hold for every task; what is said of some tasks only is in {@code dnd eval}'s own report. */
    private static String common(List<String> remarks) {
        List<String> distinct = remarks.stream().distinct().toList();
        return distinct.size() == 1 ? distinct.getFirst() : "";
    }

    private Measured generated(Arm.Generated arm, List<String> tasks, Trial.Job job, Stages stages, Progress progress) {
        String absent = absent(arm, job.role());
        if (!absent.isEmpty()) {
            return new Measured(List.of(), absent, Map.of());
        }
        int count = arm.count() == 0 ? dnd.bundle().prompts() : arm.count();
        Prompts.Source source =
                new Prompts.Source(folder, dnd.bundle().manifest().training().conditionText());
        memory(arm.prompts().of(source, tasks.getFirst(), count, 1), count, stages);
        List<Cell> cells = new ArrayList<>();
        for (String task : tasks) {
            List<TaskItem> items = items(task);
            for (long seed : settings.options(0).seeds()) {
                PromptSet prompts = arm.prompts().of(source, task, count, seed);
                GeneratedAdapter adapter = generate(prompts, count, seed, task);
                LoraWeights weights = arm.form().apply(adapter.weights());
                GgmlType type = arm.form().type().orElse(settings.engine().adapterType());
                double seconds = stages.add(adapter, evaluation.attachSeconds(weights, job.name()));
                stages.bytes(GgufAdapter.size(weights, type));
                Cell cell = Cell.of(
                        task, evaluation.answers(weights, type, "seed " + seed, items), OptionalDouble.of(seconds));
                cells.add(adapter.provenance()
                        .outOfDistribution()
                        .map(cell::scored)
                        .orElse(cell));
            }
            progress.advanced(job.name(), cells.size(), (long) tasks.size() * settings.draws());
        }
        return new Measured(cells, "", stages.measures());
    }

    private Measured tuned(Arm.Tuned arm, List<String> tasks, String name, Progress progress) {
        Tuner trains = tuner.orElseThrow(() -> new IllegalStateException(name + " needs a tuner"));
        List<Cell> cells = new ArrayList<>();
        List<Double> wall = new ArrayList<>();
        List<Double> cpu = new ArrayList<>();
        for (String task : tasks) {
            List<TaskItem> items = items(task);
            for (long seed : settings.options(0).seeds()) {
                Tuner.Tuned lora = trains.tune(labelled(task, arm.items(), seed), arm.steps(), name + " of " + task);
                double attach = evaluation.attachSeconds(lora.weights(), name);
                Run run = evaluation.answers(lora.weights(), settings.engine().adapterType(), "seed " + seed, items);
                cells.add(Cell.of(task, run, OptionalDouble.of(lora.wallSeconds() + attach)));
                wall.add(lora.wallSeconds());
                cpu.add(lora.cpuSeconds());
                progress.advanced(name, cells.size(), (long) tasks.size() * settings.draws());
            }
        }
        return new Measured(cells, "", Map.of("train_seconds", median(wall), "train_cpu_seconds", median(cpu)));
    }

    private List<TaskItem> labelled(String name, int count, long seed) {
        TaskData task = folder.task(name);
        PromptSet prompts = task.trainPrompts();
        int[] drawn = prompts.draw(Math.min(count, prompts.size()), seed).indices();
        return Arrays.stream(drawn).mapToObj(task.train()::get).toList();
    }

    private String absent(Arm.Generated arm, TaskRole role) {
        if (arm.count() > 0 && arm.count() != dnd.bundle().prompts() && !PromptCount.isFree(dnd.bundle())) {
            return "the bundle's family reads exactly " + dnd.bundle().prompts() + " prompts";
        }
        int rank = dnd.bundle().manifest().layout().rank();
        if (arm.form().rank() >= rank) {
            return "the generator's own rank is " + rank;
        }
        return arm.prompts().absent(folder, role);
    }

    private List<TaskItem> items(String task) {
        List<TaskItem> test = folder.task(task).test();
        if (test.isEmpty()) {
            throw new InvalidInputException(
                    folder.folder().toString(), task, "has no test items; nothing to score. Add its test split");
        }
        int limit = settings.items();
        return limit == 0 || limit > test.size() ? test : test.subList(0, limit);
    }

    private GeneratedAdapter generate(PromptSet prompts, int count, long seed, String name) {
        if (count == dnd.bundle().prompts()) {
            return dnd.generate(prompts, seed, name);
        }
        return resized(count).generate(prompts, seed, name, baseSha256, Progress.NONE);
    }

    /** A session keeps what its first run took, so only the first run of a fresh one shows it. */
    private void memory(PromptSet prompts, int count, Stages stages) {
        GeneratorBundle bundle =
                count == dnd.bundle().prompts() ? dnd.bundle() : resized(count).bundle();
        try (AdapterPipeline fresh =
                AdapterPipeline.open(bundle, settings.engine().session())) {
            stages.memory(() -> fresh.generate(prompts, 1, "memory", baseSha256, Progress.NONE));
        }
    }

    private AdapterPipeline resized(int count) {
        Resized last = resized;
        if (last != null && last.count() == count) {
            return last.pipeline();
        }
        closeResized();
        GeneratorBundle bundle = PromptCount.write(dnd.bundle(), count, scratch.resolve("prompts-" + count));
        AdapterPipeline pipeline =
                AdapterPipeline.open(bundle, settings.engine().session());
        resized = new Resized(count, pipeline);
        return pipeline;
    }

    private void closeResized() {
        if (resized != null) {
            resized.pipeline().close();
            resized = null;
        }
    }

    private static double median(List<Double> values) {
        return median(values.stream().mapToDouble(Double::doubleValue).toArray())
                .orElseThrow();
    }

    static OptionalDouble median(double[] values) {
        if (values.length == 0) {
            return OptionalDouble.empty();
        }
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return OptionalDouble.of(sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2);
    }

    @Override
    public void close() {
        try {
            evaluation.close();
            closeResized();
        } finally {
            dnd.close();
        }
    }
}
