package org.dndllm.cli;

import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.cli.experiment.SetPlan;
import org.dndllm.cli.experiment.TrainedTables;
import org.dndllm.cli.experiment.TrialScale;
import org.dndllm.cli.experiment.Trials;
import org.dndllm.eval.diagnosis.AdapterHealth;
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

/** {@code dnd experiment report}. */
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "Run every experiment that needs no training, and write one report of all that was measured.",
        description = {
            "Measures the trained bundle of a set, the nano set's own without --set: controls, few-shot in context, numbers of prompts, pools of"
                    + " prompts, rank, element type, prompts that it was not made for, cost. Every job is kept in"
                    + " WORK/trials/JOB; run the command again after an interruption, and only what is missing is run. A"
                    + " job that was run with other settings is refused; remove its folder to run it again.",
            "",
            "The report says of each claim whether it is supported, not supported or not tested, by a rule that stands in"
                    + " it: paired exact tests between conditions, corrected for all comparisons, and 95 %% intervals over"
                    + " tasks. Experiments that train generators are listed with their results in WORK/jobs, or as not run.",
            "",
            "It is one HTML file that needs nothing else, with the same as Markdown, JSON and CSV beside it.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd experiment report",
            "  dnd experiment report --only controls --only rank --items 50 --work quick",
            "  dnd experiment report --no-run --out out --json",
            "  dnd experiment report --adapter my-adapter.gguf --adapter first-upper=other-adapter",
        })
final class ExperimentReportCommand implements Callable<Integer> {
    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT);

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final TrialFlags flags = new TrialFlags();

    @Option(names = "--out", paramLabel = "DIR", description = "Where the report goes. Default: WORK/report.")
    private @Nullable Path out;

    @Option(
            names = "--only",
            paramLabel = "NAME",
            description =
                    "Only this experiment; may be given several times: controls, in-context, prompt-count,"
                            + " prompt-pool, rank, precision, stress, overhead; few-shot (what dnd experiment few-shot has made).")
    private List<String> only = List.of();

    @Option(names = "--no-run", description = "Run nothing; report what is done.")
    private boolean noRun;

    @Option(
            names = "--adapter",
            paramLabel = "[TASK=]FILE",
            description =
                    "Adapter whose health stands in the report (PEFT folder or .gguf); may be given several times."
                            + " With TASK it is also tried on labelled items of that task.")
    private List<String> adapters = List.of();

    @Override
    public Integer call() {
        Settings settings = flags.settings();
        SetPlan plan = flags.plan();
        TrialScale scale = flags.scale(plan);
        Trials declared = new Trials(scale);
        List<Trial> trials = only.isEmpty()
                ? declared.all()
                : only.stream().map(declared::named).distinct().toList();
        Path work = flags.work();
        List<AdapterHealth> health = new AdapterExamination(settings).all(adapters);
        TrialStudy study = new TrialStudy(work, settings, scale, Optional.empty(), this::log);
        List<Study.Trained> trained = only.isEmpty() ? TrainedTables.of(plan, work) : List.of();
        Findings findings = noRun ? study.done(trials, trained) : study.run(trials, trained, output.progress());
        Study done =
                new Study("DnD: what generated adapters do", findings, health, trained, study.provenance(command()));
        Path target = Optional.ofNullable(out).orElseGet(() -> work.resolve("report"));
        done.write(target);
        print(done, target);
        return 0;
    }

    /** As it was given, from the first command's name on. */
    private String command() {
        List<String> words = spec.root().commandLine().getParseResult().originalArgs();
        return "dnd " + String.join(" ", words);
    }

    private void print(Study done, Path target) {
        done.headline().lines().forEach(line -> output.line("%s", line));
        output.line("");
        done.verdicts()
                .forEach(verdict -> output.line(
                        "%-14s %s", verdict.outcome().label(), verdict.claim().text()));
        done.health().stream()
                .filter(AdapterHealth::broken)
                .forEach(broken -> broken.findings()
                        .forEach(finding -> output.line(
                                "broken         %s: %s, %s", broken.name(), finding.fault(), finding.sentence())));
        output.line("written        %s", target.resolve("report.html"));
        Map<String, Object> json = new LinkedHashMap<>(done.toJson());
        json.put("written", target.toString());
        output.result(json);
    }

    /** With the time of day, because lines are minutes apart. */
    private void log(String line) {
        output.note("%s %s", CLOCK.format(LocalTime.now(ZoneId.systemDefault())), line);
    }
}
