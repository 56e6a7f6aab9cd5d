package org.dndllm.cli;

import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.nano.ShippedManifest;
import org.dndllm.encoder.ConditionText;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.OodCalibration;
import org.dndllm.engine.OutOfDistribution;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.BundleRecord;
import org.dndllm.eval.Control;
import org.dndllm.eval.EvalOptions;
import org.dndllm.eval.EvalReport;
import org.dndllm.eval.Evaluation;
import org.dndllm.eval.LoraFolder;
import org.dndllm.eval.OodResult;
import org.dndllm.eval.ReportFolder;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.Summary;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskResult;
import org.dndllm.eval.TaskRole;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd eval}. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        header = "Score generated adapters on labelled test items, beside the base model and all controls.",
        description = {
            "Greedy answers, exact match after trimming, 95 %% intervals: Wilson's for one run on one task, otherwise a"
                    + " bootstrap that resamples tasks (items, where there is one task). Conditions are drawn from the"
                    + " training split only; the test split is only scored.",
            "",
            "A task folder holds <task>_train.json and <task>_test.json in the official format, and optionally"
                    + " world.json with the role of every task (train, validation, held_out, outside).",
            "A control that cannot be measured is listed as not measured, with the reason.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd eval",
            "  dnd eval --controls --report out",
            "  dnd eval --tasks world --controls --lora-dir loras --report out",
            "  dnd eval --tasks world --task largest-next --items 50 --seeds 1 --json",
            "  dnd eval --tasks world --calibrate-ood --ood",
            "  dnd eval --generator my-bundle --tasks world --lora-dir loras --record",
        })
final class EvalCommand implements Callable<Integer> {
    /** Fewer items give intervals too wide to compare controls by. */
    private static final int ENOUGH_ITEMS = 200;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final MeasureFlags measure = new MeasureFlags();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Mixin
    private final TaskFlags tasks = new TaskFlags();

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            description = "Evaluate the tasks of this role: train, validation, held_out, outside. Default: held_out"
                    + " where world.json gives roles, else every task.")
    private @Nullable String role;

    @Option(
            names = {"-n", "--n-predict"},
            paramLabel = "N",
            defaultValue = "16",
            description = "Longest answer in tokens. Default: ${DEFAULT-VALUE}.")
    private int tokens;

    @Option(
            names = {"-np", "--parallel"},
            paramLabel = "N",
            defaultValue = "32",
            description = "Answers in the making at once. Default: ${DEFAULT-VALUE}.")
    private int parallel;

    @Option(names = "--controls", description = "All controls instead of base model and generated adapter alone.")
    private boolean controls;

    @Option(
            names = "--shots",
            paramLabel = "N",
            defaultValue = "0",
            description =
                    "Demonstrations of the few-shot control at most, fewer where they do not fit; 0 for as many as"
                            + " the generator reads prompts. Default: ${DEFAULT-VALUE}.")
    private int shots;

    @Option(
            names = "--ood",
            description = "Only say how well the out-of-distribution score tells held-out from outside tasks (AUROC).")
    private boolean ood;

    @Option(
            names = "--calibrate-ood",
            description = "First write statistics of the folder's training tasks into the bundle, for that score.")
    private boolean calibrate;

    @Option(
            names = "--report",
            paramLabel = "DIR",
            description = "Write report.md, report.json, CSV files and chart.png there.")
    private @Nullable Path report;

    @Option(
            names = "--record",
            description =
                    "Write the results, measured with all controls, into the bundle's bundle.json, where dnd inspect"
                            + " shows them.")
    private boolean record;

    @Option(names = "--replace", description = "With --record: replace results that the bundle has.")
    private boolean replace;

    @Override
    public Integer call() {
        EvalOptions options = options();
        TaskFolder folder = tasks.folder();
        List<String> chosen = ood ? List.of() : chosen(folder);
        Optional<Path> trained = tasks.trainedLoras(engine);
        Optional<LoraFolder> loras = trained.map(LoraFolder::open);
        if (calibrate) {
            calibrate(folder);
        }
        try (DragAndDrop dnd = DragAndDrop.open(engine.model(), engine.generator(), engine.options());
                Evaluation evaluation = Evaluation.of(dnd, folder, loras, options)) {
            if (record) {
                dnd.bundle().requireRecordable(replace);
            }
            dnd.warnings().forEach(warning -> output.note("warning: %s", warning));
            Set<Control> asked = controls || record ? Control.all() : Control.plain();
            List<TaskResult> results = new ArrayList<>();
            for (String name : chosen) {
                results.add(evaluation.task(name, asked, output.progress()));
            }
            Optional<OodResult> told =
                    ood ? Optional.of(evaluation.outOfDistribution(output.progress())) : Optional.empty();
            EvalReport done = new EvalReport(facts(dnd, folder, options, trained), results, told);
            print(done);
            if (record) {
                Path bundle = dnd.bundle()
                        .withResults(
                                BundleRecord.of(done, folder, options, dnd, output.command(), Instant.now()), replace)
                        .folder();
                ShippedManifest.refresh(bundle.resolve("bundle.json"));
                output.line("recorded   %s", bundle.resolve("bundle.json"));
            }
            if (report != null) {
                ReportFolder.write(report, done);
                output.line("written    %s", report);
            }
        }
        return 0;
    }

    private EvalOptions options() {
        Flags.atLeast("--n-predict", tokens, 1);
        Flags.atLeast("--shots", shots, 0);
        Flags.atLeast("--parallel", parallel, 1);
        if (record && ood) {
            throw Flags.wrong("--record", "records accuracies, of which --ood measures none; leave one of them out");
        }
        if (replace && !record) {
            throw Flags.wrong("--replace", "is for --record");
        }
        return new EvalOptions(measure.items(), EvalOptions.seeds(measure.seeds()), tokens, shots, parallel);
    }

    private List<String> chosen(TaskFolder folder) {
        if (!tasks.names().isEmpty()) {
            return tasks.names();
        }
        if (role == null && !folder.hasRoles()) {
            return folder.names();
        }
        String asked = Optional.ofNullable(role).orElse(TaskRole.HELD_OUT.label());
        TaskRole wanted = TaskRole.of(asked)
                .orElseThrow(() -> Flags.wrong("--role", "is '" + asked + "', expected one of " + TaskRole.labels()));
        List<String> found = folder.names(wanted);
        if (found.isEmpty()) {
            throw new InvalidInputException(
                    folder.folder().toString(), "--role", "no task has the role " + wanted.label());
        }
        return found;
    }

    /** The bundle's file is written before the bundle is opened for work, so that its scores are in this very report. */
    private void calibrate(TaskFolder folder) {
        List<String> training = folder.names(TaskRole.TRAIN);
        if (training.isEmpty()) {
            throw new InvalidInputException(
                    folder.folder().toString(),
                    "world.json",
                    "gives no task the role train; calibration needs the tasks that the generator was trained on");
        }
        long seed = 1;
        GeneratorBundle bundle = GeneratorBundle.open(engine.generator());
        ConditionText text = bundle.manifest().training().conditionText();
        List<PromptSet> prompts = training.stream()
                .map(name -> folder.task(name).conditions(text))
                .toList();
        OutOfDistribution statistics =
                OodCalibration.calibrate(bundle, engine.options().session(), prompts, seed, output.progress());
        bundle.withOutOfDistribution(statistics, training, seed);
        output.note(
                "calibrated on %d training tasks: %s is in %s",
                training.size(), OutOfDistribution.FILE, bundle.folder());
    }

    private Map<String, Object> facts(DragAndDrop dnd, TaskFolder folder, EvalOptions options, Optional<Path> trained) {
        Map<String, Object> facts = new LinkedHashMap<>(dnd.describe());
        facts.put("task_folder", folder.folder().toString());
        facts.put(
                "condition_text",
                dnd.bundle().manifest().training().conditionText().label());
        facts.put("decoding", "greedy, exact match after trimming");
        facts.put("seeds", options.seeds());
        facts.put("max_tokens", options.maxTokens());
        trained.ifPresent(dir -> facts.put("lora_dir", dir.toString()));
        return facts;
    }

    private void print(EvalReport done) {
        done.warnings().forEach(warning -> output.note("warning: %s", warning));
        if (controls
                && done.results().stream().anyMatch(result -> result.items().size() < ENOUGH_ITEMS)) {
            output.note("warning: fewer than %d test items in a task; intervals are wide", ENOUGH_ITEMS);
        }
        done.summary().ifPresent(summary -> {
            output.line(
                    "%d task%s, %,d test items, greedy, %d seed%s",
                    summary.tasks(),
                    summary.tasks() == 1 ? "" : "s",
                    summary.items(),
                    measure.seeds(),
                    measure.seeds() == 1 ? "" : "s");
            output.line("");
            table(ReportTable.of(summary));
            output.line("");
            table(ReportTable.of(done.results()));
            notes(summary);
        });
        done.ood().ifPresent(result -> output.line("%s", ReportFolder.note(result)));
        output.result(done.toJson());
    }

    private void notes(Summary summary) {
        output.line("");
        ReportFolder.notes(summary).forEach(note -> output.line("%s", note));
    }

    private void table(ReportTable table) {
        table.lines().forEach(line -> output.line("%s", line));
    }
}
