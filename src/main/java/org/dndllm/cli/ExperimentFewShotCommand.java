package org.dndllm.cli;

import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.experiment.SetPlan;
import org.dndllm.cli.experiment.TrialScale;
import org.dndllm.cli.experiment.Trials;
import org.dndllm.eval.experiment.Settings;
import org.dndllm.eval.experiment.Trial;
import org.dndllm.eval.report.Findings;
import org.dndllm.eval.report.Study;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dnd experiment few-shot}. */
@Command(
        name = "few-shot",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "LoRAs tuned on 4 labels to all, examples in the context, and generated adapters: accuracy and time.",
        description = {
            "Figures 4b and 4c of arXiv 2506.16406 on the nano world, or on a set whose experiments.json declares its"
                    + " tuning. For each held-out task and draw a LoRA is trained with"
                    + " the settings of the nano recipe (rank 4, learning rate 5e-3, batch 32 or as many as there are,"
                    + " cosine, 150 steps; on all items also 20 and 50) on the very items whose prompts the generator reads"
                    + " with that seed. Its time is that of the steps alone and of attaching it: no loading, no shorter"
                    + " try, after a warm-up, which favours training.",
            "",
            "Every job is kept in WORK/trials/JOB, shared with dnd experiment report, which shows them too; run the"
                    + " command again after an interruption, and only what is missing is run. Results are in"
                    + " WORK/few-shot: report.html with a chart over time, report.md, report.json and CSV files.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd experiment few-shot --threads 1",
            "  dnd experiment few-shot --only tuned-64 --threads 1",
            "  dnd experiment few-shot --seeds 1 --items 100 --work quick --json",
        })
final class ExperimentFewShotCommand implements Callable<Integer> {
    /** More gain nothing for small models. */
    private static final int TORCH_THREADS = 2;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final TrialFlags flags = new TrialFlags();

    @Option(
            names = "--only",
            paramLabel = "JOB",
            description = "Run only this job, so that several processes can share the work.")
    private @Nullable String only;

    @Override
    public Integer call() {
        Settings settings = flags.settings();
        SetPlan plan = flags.plan();
        SetPlan.Tuning tuning = plan.tuning()
                .orElseThrow(() -> new InvalidInputException(
                        flags.planFile().toString(), "$.tuning", "is missing; it says how LoRAs are tuned on labels"));
        TrialScale scale = flags.scale(plan);
        Trial trial = new Trials(scale).fewShot().orElseThrow();
        List<Trial.Job> wanted = wanted(trial);
        int threads = flags.threads() == 0 ? TORCH_THREADS : flags.threads();
        try (LoraTuner tuner = LoraTuner.open(settings.base(), tuning, threads)) {
            TrialStudy runs = new TrialStudy(flags.work(), settings, scale, Optional.of(tuner), this::log);
            runs.run(wanted, output.progress());
            Findings findings = runs.done(List.of(trial), List.of());
            Study study = new Study(
                    "Labels and time, or an adapter from unlabelled prompts",
                    findings,
                    List.of(),
                    List.of(),
                    runs.provenance(command()));
            Path target = flags.work().resolve("few-shot");
            study.write(target);
            print(study, target);
        }
        return 0;
    }

    private List<Trial.Job> wanted(Trial trial) {
        List<Trial.Job> chosen = trial.jobs().stream()
                .filter(job -> only == null || job.name().equals(only))
                .toList();
        if (chosen.isEmpty()) {
            throw Flags.wrong(
                    "--only",
                    "is '" + only + "', expected one of "
                            + trial.jobs().stream().map(Trial.Job::name).toList());
        }
        return chosen;
    }

    private String command() {
        return "dnd "
                + String.join(" ", spec.root().commandLine().getParseResult().originalArgs());
    }

    private void print(Study study, Path target) {
        study.headline().lines().forEach(line -> output.line("%s", line));
        output.line("");
        study.verdicts()
                .forEach(verdict -> output.line(
                        "%-14s %s (%s)",
                        verdict.outcome().label(), verdict.claim().text(), verdict.evidence()));
        output.line("written        %s", target.resolve("report.html"));
        Map<String, Object> json = new LinkedHashMap<>(study.toJson());
        json.put("written", target.toString());
        output.result(json);
    }

    /** With the time of day, because lines are minutes apart. */
    private void log(String line) {
        output.note("%s %s", LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS), line);
    }
}
