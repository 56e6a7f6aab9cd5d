package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.dndllm.EnvironmentException;
import org.dndllm.cli.experiment.TrialClaims;
import org.dndllm.cli.experiment.TrialScale;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.Progress;
import org.dndllm.eval.experiment.JobResult;
import org.dndllm.eval.experiment.Settings;
import org.dndllm.eval.experiment.Trial;
import org.dndllm.eval.experiment.TrialRunner;
import org.dndllm.eval.experiment.Tuner;
import org.dndllm.eval.report.Claim;
import org.dndllm.eval.report.Findings;
import org.dndllm.eval.report.Study;

/** Experiments that need no training: their jobs in {@code WORK/trials}, what they show, and what they were made from. */
final class TrialStudy {
    private final Path work;
    private final Settings settings;
    private final TrialScale scale;
    private final TrialRunner runner;

    /**
     * @param work folder of all experiments
     * @param scale that the trials are of
     * @param tuner for jobs that train LoRAs; without one those are only read where they are done
     * @param log hears of every job, a line at a time
     */
    TrialStudy(Path work, Settings settings, TrialScale scale, Optional<Tuner> tuner, Consumer<String> log) {
        this.work = work;
        this.settings = settings;
        this.scale = scale;
        runner = new TrialRunner(work.resolve("trials"), settings, tuner, log);
    }

    /** Runs what is missing of the trials and can be run, and judges; hits of trained jobs are compared with each other. */
    Findings run(List<Trial> trials, List<Study.Trained> trained, Progress progress) {
        run(List.copyOf(jobs(trials)), progress);
        return done(trials, trained);
    }

    /** Runs these jobs, if they are missing and can be run. */
    void run(List<Trial.Job> jobs, Progress progress) {
        runner.run(jobs.stream().filter(runner::canRun).toList(), folder(), progress);
    }

    /** Judges what there is of the trials, and compares trained jobs. */
    Findings done(List<Trial> trials, List<Study.Trained> trained) {
        Map<String, JobResult> results = new LinkedHashMap<>();
        jobs(trials).forEach(job -> runner.result(job).ifPresent(result -> results.put(job.name(), result)));
        return findings(trials, trained, results);
    }

    private Findings findings(List<Trial> trials, List<Study.Trained> trained, Map<String, JobResult> results) {
        List<String> names = jobs(trials).stream().map(Trial.Job::name).toList();
        // a claim about jobs of other trials belongs to another report
        List<Claim> claims = TrialClaims.all(scale).stream()
                .filter(claim -> names.containsAll(claim.rule().jobs()))
                .toList();
        return Findings.of(trials, claims, results, trained);
    }

    private static Set<Trial.Job> jobs(List<Trial> trials) {
        Set<Trial.Job> jobs = new LinkedHashSet<>();
        trials.forEach(trial -> jobs.addAll(trial.jobs()));
        return jobs;
    }

    /** Hashes, seeds, versions and machine. */
    Map<String, Object> provenance(String command) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("command", command);
        facts.put("dnd", new Version().getVersion()[0]);
        facts.put("base", settings.base().toString());
        facts.put("bundle", settings.bundle().toString());
        facts.put("tasks", settings.tasks().toString());
        facts.put(
                "bundle_training",
                GeneratorBundle.manifest(settings.bundle()).training().description());
        facts.put("inputs", runner.inputs());
        facts.put("prompt_seeds", "1 to " + settings.draws());
        facts.put("machine", Machine.facts());
        return facts;
    }

    private Path folder() {
        try {
            return Files.createDirectories(work);
        } catch (IOException e) {
            throw new EnvironmentException(work + ": cannot be made (" + e + "); check space and permissions", e);
        }
    }
}
