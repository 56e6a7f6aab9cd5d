package org.dndllm.eval.experiment;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.FileTree;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.Sha256;

/**
 * Runs the jobs of trials and keeps their results in {@code FOLDER/<job>/result.json}, each written whole when the job is
 * done: an interrupted table goes on with the job that was interrupted. A result that was made from other files, flags or
 * declarations is refused, never mixed with new ones. Two processes may work on one folder; at worst a job is run twice.
 */
public final class TrialRunner {
    private static final String RESULT = "result.json";

    private final Path folder;
    private final Settings settings;
    private final Optional<Tuner> tuner;
    private final Map<String, Object> made;
    private final Consumer<String> log;

    /**
     * @param folder of all jobs
     * @param tuner for jobs that train LoRAs; without one no such job can be run. Stays the caller's
     * @param log hears of every job, a line at a time
     */
    public TrialRunner(Path folder, Settings settings, Optional<Tuner> tuner, Consumer<String> log) {
        this.folder = folder;
        this.settings = settings;
        this.tuner = tuner;
        this.log = log;
        made = inputs(settings);
    }

    /** Whether a job can be run here. */
    public boolean canRun(Trial.Job job) {
        return tuner.isPresent() || !(job.arm() instanceof Arm.Tuned);
    }

    /** Hashes of the files and the numbers that decide all results; with the hash of a job's declaration its identity. */
    public Map<String, Object> inputs() {
        return made;
    }

    private static Map<String, Object> inputs(Settings settings) {
        Map<String, Object> made = new LinkedHashMap<>(settings.toJson());
        made.put("base_sha256", Sha256.of(settings.base()));
        made.put("bundle_sha256", hash(settings.bundle()));
        made.put("tasks_sha256", hash(settings.tasks()));
        settings.loras().ifPresent(loras -> made.put("loras_sha256", hash(loras)));
        return made;
    }

    /**
     * The result of a job, if it was run with these very settings.
     *
     * @throws InvalidInputException if it was run with others
     */
    public Optional<JobResult> result(Trial.Job job) {
        Path file = file(job);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        JobResult result = JobResult.fromJson(read(file));
        if (!result.inputs().equals(identity(job))) {
            throw new InvalidInputException(
                    file.toString(),
                    "inputs",
                    "are others than now (the set, the bundle, items, draws or the job's declaration changed); remove "
                            + file.getParent() + " to measure again, or take another folder for the work");
        }
        return Optional.of(result);
    }

    /**
     * Runs all jobs that have no result yet, in the given order.
     *
     * @param scratch where a folder for temporary bundles can be made
     * @return results of all jobs by name, in the given order
     */
    public Map<String, JobResult> run(List<Trial.Job> jobs, Path scratch, Progress progress) {
        Map<String, JobResult> results = new LinkedHashMap<>();
        List<Trial.Job> missing = new ArrayList<>();
        for (Trial.Job job : jobs) {
            result(job).ifPresentOrElse(result -> results.put(job.name(), result), () -> missing.add(job));
        }
        if (!results.isEmpty()) {
            log.accept(results.size() + " of " + jobs.size() + " jobs are done already");
        }
        if (!missing.isEmpty()) {
            log.accept(missing.size() + " jobs to run");
            results.putAll(measure(missing, scratch, progress));
        }
        Map<String, JobResult> ordered = new LinkedHashMap<>();
        jobs.forEach(job -> ordered.put(job.name(), Objects.requireNonNull(results.get(job.name()))));
        return ordered;
    }

    private Map<String, JobResult> measure(List<Trial.Job> jobs, Path scratch, Progress progress) {
        Map<String, JobResult> results = new LinkedHashMap<>();
        Path bundles = scratch.resolve("bundles-" + ProcessHandle.current().pid());
        try (JobBench bench = new JobBench(settings, bundles, tuner)) {
            Pace pace = new Pace(jobs, job -> bench.tasks(job) * job.arm().weight(settings.draws()));
            for (Trial.Job job : jobs) {
                CostMeter meter = CostMeter.start();
                JobBench.Measured measured = bench.run(job, meter, progress);
                JobResult result = new JobResult(
                        job.name(),
                        measured.cells(),
                        measured.remark(),
                        measured.measures(),
                        meter.stop(),
                        identity(job));
                AtomicFile.writeString(file(job), JsonWriter.write(result.toJson()));
                results.put(job.name(), result);
                pace.done(job, result.cost().wallSeconds());
                log.accept(pace.line(job, result));
            }
        } finally {
            delete(bundles);
        }
        return results;
    }

    private static void delete(Path bundles) {
        try {
            if (Files.exists(bundles)) {
                FileTree.delete(bundles);
            }
        } catch (IOException e) {
            throw new EnvironmentException(bundles + ": cannot be removed (" + e + "); remove it by hand", e);
        }
    }

    private String identity(Trial.Job job) {
        Map<String, Object> all = new TreeMap<>(made);
        all.put("job", job.name());
        all.put("arm", job.arm().toString()); // records say all that they hold
        all.put("role", job.role().label());
        return Sha256.of(JsonWriter.compact(all).getBytes(StandardCharsets.UTF_8));
    }

    private Path file(Trial.Job job) {
        return folder.resolve(job.name()).resolve(RESULT);
    }

    private static JsonValue.Obj read(Path file) {
        try {
            return JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e + ")", e);
        }
    }

    /** Hash over names and contents of all files of a folder. */
    private static String hash(Path folder) {
        StringBuilder lines = new StringBuilder();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                lines.append(folder.relativize(file).toString().replace('\\', '/'))
                        .append(' ')
                        .append(Sha256.of(file))
                        .append('\n');
            }
        } catch (IOException e) {
            throw new EnvironmentException(folder + ": cannot be read (" + e + ")", e);
        }
        return Sha256.of(lines.toString().getBytes(StandardCharsets.UTF_8));
    }
}
