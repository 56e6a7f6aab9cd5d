package org.dndllm.train.collect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.train.Example;
import org.dndllm.train.LoraTraining;
import org.dndllm.train.MetricsHistory;
import org.dndllm.train.Qwen2;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.TrainingProgress;
import org.dndllm.train.TrainingResult;

/**
 * Collects LoRA checkpoints of tasks into a folder: {@code TASK/seed-N} or {@code TASK/step-N}, each a PEFT adapter with
 * {@code dnd.json}, and {@code TASK/runs/N/metrics.jsonl}. What is there already is skipped if it was made with the same
 * settings from the same data, and refused otherwise. Tasks are independent: several processes may each do some of them.
 */
public final class LoraCollection {
    private static final String PROVENANCE = "dnd.json";

    private final Qwen2 base;
    private final Map<String, Object> baseIdentity;
    private final Function<TaskItem, Example> tokenizer;
    private final CollectSettings settings;
    private final Path folder;

    /**
     * @param baseIdentity name and hash of the base model, for provenance
     * @param tokenizer prompt and answer as the model will see them when the adapter is used
     */
    public LoraCollection(
            Qwen2 base,
            Map<String, ?> baseIdentity,
            Function<TaskItem, Example> tokenizer,
            CollectSettings settings,
            Path folder) {
        this.base = base;
        this.baseIdentity = new LinkedHashMap<>(baseIdentity);
        this.tokenizer = tokenizer;
        this.settings = settings;
        this.folder = folder;
    }

    /** Hears of the progress of each run. */
    @FunctionalInterface
    public interface Listener {
        void advanced(String run, TrainingProgress progress);
    }

    /**
     * What was done for a task.
     *
     * @param task its name
     * @param items trained on
     * @param leftOut items that were too long
     * @param written new checkpoints
     * @param skipped checkpoints that were there
     * @param losses last training loss of each run of this call, by run
     * @param validationLosses best validation loss of each run that validated
     */
    public record Outcome(
            String task,
            int items,
            int leftOut,
            List<Path> written,
            int skipped,
            Map<String, Double> losses,
            Map<String, Double> validationLosses) {}

    /** The examples of one task. */
    private record Prepared(TaskData task, String sha256, List<Example> train, List<Example> validation, int leftOut) {}

    /**
     * Does one task, or what is missing of it.
     *
     * @throws InvalidInputException for data or existing checkpoints that do not fit, or a loss that is not finite
     */
    public Outcome collect(TaskData task, Listener listener) {
        TaskData.Split split = task.read(settings.validationShare(), settings.initSeed());
        List<Example> train = examples(split.train());
        List<Example> validation = examples(split.validation());
        if (train.isEmpty()) {
            throw new InvalidInputException(
                    task.train().toString(), "items", "are all longer than " + settings.maxTokens() + " tokens");
        }
        int leftOut = split.train().size() + split.validation().size() - train.size() - validation.size();
        Prepared prepared = new Prepared(task, task.sha256(), train, validation, leftOut);
        Outcome outcome = new Outcome(
                task.name(), train.size(), leftOut, new ArrayList<>(), 0, new LinkedHashMap<>(), new LinkedHashMap<>());
        return switch (settings.recipe()) {
            case Recipe.IndependentSeeds seeds -> collect(prepared, seeds, outcome, listener);
            case Recipe.DenseSnapshots snapshots -> collect(prepared, snapshots, outcome, listener);
        };
    }

    private List<Example> examples(List<TaskItem> items) {
        return items.stream()
                .map(tokenizer)
                .filter(example -> example.tokens().length <= settings.maxTokens())
                .toList();
    }

    private Outcome collect(Prepared task, Recipe.IndependentSeeds seeds, Outcome outcome, Listener listener) {
        int skipped = 0;
        for (int i = 0; i < seeds.count(); i++) {
            long seed = seeds.first() + i;
            TrainingOptions options = settings.training().withSeed(seed);
            Path target = folder.resolve(task.task().name()).resolve("seed-" + seed);
            if (isThere(target, task, options)) {
                skipped++;
                continue;
            }
            String run = task.task().name() + " seed " + seed;
            try (LoraTraining training = training(task, options, LoraTraining.Snapshots.NONE)) {
                Path runFolder = runFolder(task, seed);
                TrainingResult result = training.run(runFolder, progress -> listener.advanced(run, progress));
                write(
                        target,
                        training,
                        task,
                        options,
                        result.bestStep(),
                        MetricsHistory.read(runFolder).seconds());
                training.discardCheckpoints(runFolder);
                note(outcome, run, result);
                outcome.written().add(target);
            }
        }
        return withSkipped(outcome, skipped);
    }

    private Outcome collect(Prepared task, Recipe.DenseSnapshots snapshots, Outcome outcome, Listener listener) {
        TrainingOptions options = settings.training().withSeed(snapshots.seed());
        long first = options.steps() - snapshots.tail();
        int there = 0;
        for (int i = 1; i <= snapshots.count(); i++) {
            there += isThere(snapshot(task, first + (long) i * snapshots.every()), task, options) ? 1 : 0;
        }
        if (there == snapshots.count()) {
            return withSkipped(outcome, there);
        }
        Path runFolder = runFolder(task, snapshots.seed());
        LoraTraining.Snapshots sink = (steps, training) -> {
            boolean due = steps > first && (steps - first) % snapshots.every() == 0;
            Path target = snapshot(task, steps);
            // One that a killed process wrote after its last checkpoint has the same numbers.
            if (due && !Files.exists(target)) {
                write(
                        target,
                        training,
                        task,
                        options,
                        steps,
                        MetricsHistory.read(runFolder).seconds());
                outcome.written().add(target);
            }
        };
        try (LoraTraining training = training(task, options, sink)) {
            String run = task.task().name();
            TrainingResult result = training.run(runFolder, progress -> listener.advanced(run, progress));
            training.discardCheckpoints(runFolder);
            note(outcome, run, result);
        }
        return withSkipped(outcome, there);
    }

    private LoraTraining training(Prepared task, TrainingOptions options, LoraTraining.Snapshots sink) {
        return new LoraTraining(
                base,
                task.train(),
                task.validation(),
                settings.lora(),
                settings.initSeed(),
                settings.batch(),
                options,
                sink);
    }

    private Path runFolder(Prepared task, long seed) {
        return folder.resolve(task.task().name()).resolve("runs").resolve("seed-" + seed);
    }

    private Path snapshot(Prepared task, long steps) {
        return folder.resolve(task.task().name()).resolve(String.format(Locale.ROOT, "step-%06d", steps));
    }

    private static void note(Outcome outcome, String run, TrainingResult result) {
        outcome.losses().put(run, result.loss());
        result.bestValidationLoss().ifPresent(loss -> outcome.validationLosses().put(run, loss));
    }

    private static Outcome withSkipped(Outcome outcome, int skipped) {
        return new Outcome(
                outcome.task(),
                outcome.items(),
                outcome.leftOut(),
                List.copyOf(outcome.written()),
                skipped,
                outcome.losses(),
                outcome.validationLosses());
    }

    private void write(
            Path target, LoraTraining training, Prepared task, TrainingOptions options, long steps, double seconds) {
        Map<String, Object> provenance = identity(task, options);
        provenance.put("steps", steps);
        provenance.put("train_seconds", seconds);
        AtomicFile.writeFolder(
                target,
                inside -> {
                    PeftAdapter.fill(inside, training.weights(settings.dtype()), Map.of());
                    AtomicFile.writeString(inside.resolve(PROVENANCE), JsonWriter.write(provenance));
                },
                false);
    }

    /** What a checkpoint comes from, but for the steps that were taken. */
    private Map<String, Object> identity(Prepared task, TrainingOptions options) {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("task", task.task().name());
        data.put("sha256", task.sha256());
        data.put("items", task.train().size());
        data.put("validation_items", task.validation().size());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", "dnd-adapter");
        json.put("version", 1);
        json.put("origin", "trained");
        json.put("base", baseIdentity);
        json.put("data", data);
        json.put("settings", settings.toJson(options));
        return json;
    }

    /** Whether a checkpoint exists; one from elsewhere must not pass for this one. */
    private boolean isThere(Path target, Prepared task, TrainingOptions options) {
        if (!Files.exists(target)) {
            return false;
        }
        Path file = target.resolve(PROVENANCE);
        try {
            JsonValue.Obj stored =
                    JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
            Map<String, Object> wanted = identity(task, options);
            for (Map.Entry<String, Object> entry : wanted.entrySet()) {
                String here = JsonWriter.compact(Map.of("value", stored.require(entry.getKey())));
                String there = JsonWriter.compact(Map.of("value", entry.getValue()));
                if (!here.equals(there)) {
                    throw new InvalidInputException(
                            file.toString(),
                            entry.getKey(),
                            "is " + here + ", this collection's would be " + there
                                    + "; collect into another folder, or remove that checkpoint");
                }
            }
            return true;
        } catch (IOException e) {
            throw new InvalidInputException(
                    target.toString(),
                    PROVENANCE,
                    "cannot be read (" + e + "), so nobody knows what this checkpoint is; remove it",
                    e);
        }
    }
}
