package org.dndllm.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.dndllm.cli.experiment.Experiment;
import org.dndllm.cli.experiment.Job;
import org.dndllm.cli.experiment.JobRunner;
import org.dndllm.cli.experiment.Materials;
import org.dndllm.cli.experiment.RunSettings;
import org.dndllm.cli.experiment.SetPlan;
import org.dndllm.cli.experiment.TrainedFindings;
import org.dndllm.cli.experiment.Trials;
import org.dndllm.eval.ConditionScores;
import org.dndllm.eval.ConditionTable;
import org.dndllm.eval.Control;
import org.dndllm.eval.ExperimentReport;
import org.dndllm.eval.JobTable;
import org.dndllm.eval.ReportScores;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.SeedTable;
import org.dndllm.eval.experiment.AnswersFile;
import org.dndllm.eval.experiment.Cell;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code dnd experiment}. */
@Command(
        name = "experiment",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        subcommands = {ExperimentReportCommand.class, ExperimentFewShotCommand.class},
        header = "Answer a question on the nano world, or a set of your own, by a table of resumable jobs.",
        description = {
            "NAME is one of these, which train generators:",
            "  headline        the shipped recipe with three training seeds and the paper's, beside all controls",
            "  condition-text  conditions of prompts, of prompts and answers, mixed (arXiv 2506.16406 Table 4a)",
            "  extractor       conditions of static vectors, an encoder-decoder, the base model's states, Sentence-BERT"
                    + " (Table 4b)",
            "  task-count      4, 8, 16, 16 less varied and 32 training tasks (Table 4c), and the least that is enough",
            "  leave-one-out   a training task left out and evaluated on (Table 1)",
            "  cross-domain    a kind of tasks left out and evaluated on (Table 2)",
            "",
            "With --set they are about your own base model, encoder and tasks: DIR/experiments.json holds the flags of dnd"
                    + " train, and which tasks are left out or taken alone; DIR/tasks/world.json the roles of the tasks.",
            "",
            "LoRAs tuned on labels against generated adapters: dnd experiment few-shot.",
            "Experiments that need no training, and one report of everything: dnd experiment report.",
            "",
            "An experiment is a list of jobs, each in WORK/jobs/JOB: bundle, bundle.work (the training run), report (dnd"
                    + " eval) and done.json. Experiments share jobs of the same name. Run it again after an interruption:"
                    + " what is done is skipped, training goes on from its last checkpoint. A job that was made with"
                    + " other settings is refused; remove its folder to make it again.",
            "",
            "Results are in WORK/NAME: result.md, result.json, result.csv, chart.png.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd experiment headline --checkpoints target/nano/collect/adapters",
            "  dnd experiment task-count --only tasks-4",
            "  dnd experiment extractor --steps 300 --threads 1",
            "  dnd experiment condition-text --work scratch --set target/nano/ship/nano --json",
            "  dnd experiment report",
        })
final class ExperimentCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final MeasureFlags measure = new MeasureFlags();

    @Parameters(
            paramLabel = "NAME",
            arity = "0..1",
            description = "headline, condition-text, extractor, task-count, leave-one-out, cross-domain.")
    private String name = "";

    @Mixin
    private final ExperimentFolders folders = new ExperimentFolders();

    @Option(
            names = "--only",
            paramLabel = "JOB",
            description = "Make only this job, so that several processes can share the work.")
    private @Nullable String only;

    @Option(
            names = "--checkpoints",
            paramLabel = "DIR",
            description = "LoRA checkpoints TASK/seed-N, from dnd collect or build-nano; a job that learns from them is"
                    + " not run without.")
    private @Nullable Path checkpoints;

    @Option(names = "--steps", paramLabel = "N", description = "Training steps instead of the recipe's own.")
    private @Nullable Integer steps;

    @Option(
            names = "--device",
            paramLabel = "D",
            defaultValue = "cpu",
            description = "Where to train: cpu, cuda (needs DND_TRAIN_VARIANT=cuda), auto. Default: ${DEFAULT-VALUE}.")
    private String device = "cpu";

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads of training and evaluation; 0 leaves it to them. Default: ${DEFAULT-VALUE}.")
    private int threads;

    @Override
    public Integer call() {
        if (Trials.names().contains(name)) {
            throw Flags.wrong(
                    "NAME", "is '" + name + "', which needs no training: dnd experiment report --only " + name);
        }
        Path folder = folders.set().folder();
        SetPlan plan = SetPlan.of(folder);
        Experiment experiment = Experiment.named(name, Experiment.all(plan));
        List<Job> wanted = wanted(experiment);
        JobRunner runner = new JobRunner(
                folders.work(),
                new Materials(folder, Optional.ofNullable(checkpoints)),
                settings(),
                this::dnd,
                this::log);
        for (Job job : wanted) {
            runner.obstacle(job)
                    .ifPresentOrElse(reason -> log(job.name() + ": not run, " + reason), () -> runner.run(job));
        }
        report(experiment, plan, runner);
        return 0;
    }

    /** Tables need all jobs but those that cannot be run. */
    private void report(Experiment experiment, SetPlan plan, JobRunner runner) {
        Map<String, String> notRun = new LinkedHashMap<>();
        Map<String, ReportScores> scores = new LinkedHashMap<>();
        List<ConditionTable.Row> conditions = new ArrayList<>();
        for (Job job : experiment.jobs()) {
            if (runner.isDone(job)) {
                ReportScores read = ReportScores.read(job.title(), runner.report(job));
                scores.put(job.name(), read);
                if (job.conditions().isPresent()) {
                    conditions.add(new ConditionTable.Row(read, ConditionScores.read(runner.conditions(job))));
                }
            } else {
                notRun.put(job.name(), runner.obstacle(job).orElse("not done yet"));
            }
        }
        List<String> missing = experiment.jobs().stream()
                .filter(job ->
                        !scores.containsKey(job.name()) && runner.obstacle(job).isEmpty())
                .map(Job::name)
                .toList();
        if (!missing.isEmpty() || scores.isEmpty()) {
            output.line("no tables yet; not done are %s", notRun.keySet());
            output.result(Map.of("experiment", experiment.name(), "done", scores.keySet(), "not_done", notRun));
            return;
        }
        Map<String, SeedTable> groups = new LinkedHashMap<>();
        for (Experiment.Group group : experiment.groups()) {
            List<ReportScores> seeds = group.jobs().stream()
                    .filter(scores::containsKey)
                    .map(job -> java.util.Objects.requireNonNull(scores.get(job)))
                    .toList();
            if (!seeds.isEmpty()) {
                groups.put(group.title(), SeedTable.of(seeds));
            }
        }
        List<ReportTable> tables = new ArrayList<>(
                findings(experiment, plan, scores.keySet(), runner).tables());
        if (!conditions.isEmpty()) {
            tables.addFirst(new ConditionTable(conditions).table());
        }
        ExperimentReport done = new ExperimentReport(
                experiment.name(),
                experiment.question(),
                facts(),
                JobTable.of(List.copyOf(scores.values())),
                groups,
                tables,
                notRun);
        Path folder = folders.work().resolve(experiment.name());
        done.write(folder);
        done.lines().forEach(line -> output.line("%s", line));
        output.line("written    %s", folder);
        Map<String, Object> json = new LinkedHashMap<>(done.toJson());
        json.put("written", folder.toString());
        output.result(json);
    }

    private static TrainedFindings findings(Experiment experiment, SetPlan plan, Set<String> done, JobRunner runner) {
        Map<String, Map<Control, List<Cell>>> answers = new LinkedHashMap<>();
        experiment.jobs().stream()
                .filter(job -> done.contains(job.name()))
                .forEach(job -> answers.put(job.name(), AnswersFile.read(runner.report(job))));
        return TrainedFindings.of(experiment, plan, answers);
    }

    private Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("decoding", "greedy, exact match after trimming");
        facts.put("tasks", "held out");
        facts.put("prompt_draws", measure.seeds());
        if (measure.items() > 0) {
            facts.put("items_per_task", measure.items());
        }
        if (steps != null) {
            facts.put("steps", steps);
        }
        return facts;
    }

    private List<Job> wanted(Experiment experiment) {
        if (only == null) {
            return experiment.jobs();
        }
        List<Job> chosen = experiment.jobs().stream()
                .filter(job -> job.name().equals(only))
                .toList();
        if (chosen.isEmpty()) {
            throw Flags.wrong(
                    "--only",
                    "is '" + only + "', expected one of "
                            + experiment.jobs().stream().map(Job::name).toList());
        }
        return chosen;
    }

    private RunSettings settings() {
        Flags.atLeast("--threads", threads, 0);
        if (steps != null) {
            Flags.atLeast("--steps", steps, 1);
        }
        return new RunSettings(measure.seeds(), measure.items(), Optional.ofNullable(steps), threads, device);
    }

    /** A command in this process; its lines are progress here, not this command's result. */
    private int dnd(List<String> arguments) {
        PrintWriter log = spec.commandLine().getErr();
        return Main.run(log, log, arguments.toArray(String[]::new));
    }

    /** With the time of day, because lines are minutes apart. */
    private void log(String line) {
        output.note("%s %s", LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS), line);
    }
}
