package org.dndllm.cli.experiment;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.TrainingCost;
import org.dndllm.eval.experiment.ResidentMemory;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.GgufFile;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.Sha256;

/**
 * Makes jobs in {@code WORK/jobs/<job>}: {@code bundle}, {@code bundle.work} (the training run) and {@code report}.
 * {@code trained.json} says from what the bundle was made, {@code done.json} from what the report was. A job with
 * conditions of its own has {@code encoder} and {@code extracted.json} too, and one that measures them {@code
 * conditions.json} and {@code diagnosed.json}. What is done is skipped; what was made from something else is refused, never
 * mixed or thrown away.
 */
public final class JobRunner {
    private static final String EXTRACTED = "extracted.json";
    private static final String TRAINED = "trained.json";
    private static final String DONE = "done.json";
    private static final String DIAGNOSED = "diagnosed.json";
    private static final String CHECKPOINTS = "checkpoints";

    private final JobFolder folders;
    private final JobCommands commands;
    private final Materials materials;
    private final RunSettings settings;
    private final ToIntFunction<List<String>> dnd;
    private final Consumer<String> log;
    private final ResidentMemory memory;
    private final Map<Path, String> hashes = new LinkedHashMap<>();

    /**
     * @param work folder of all experiments
     * @param dnd runs a {@code dnd} command and gives its exit code
     * @param log hears what goes on, a line at a time
     */
    public JobRunner(
            Path work,
            Materials materials,
            RunSettings settings,
            ToIntFunction<List<String>> dnd,
            Consumer<String> log) {
        this(work, materials, settings, dnd, log, ResidentMemory.own());
    }

    /** @param memory of this process, where the commands run */
    JobRunner(
            Path work,
            Materials materials,
            RunSettings settings,
            ToIntFunction<List<String>> dnd,
            Consumer<String> log,
            ResidentMemory memory) {
        folders = new JobFolder(work.resolve("jobs"));
        commands = new JobCommands(folders, materials, settings);
        this.materials = materials;
        this.settings = settings;
        this.dnd = dnd;
        this.log = log;
        this.memory = memory;
    }

    /** Where a job's report is, or will be. */
    public Path report(Job job) {
        return folders.report(job);
    }

    /** Where the measures of a job's conditions are, or will be, if it measures them. */
    public Path conditions(Job job) {
        return folders.conditions(job);
    }

    /** What the training of a job took that is done. */
    public TrainingCost cost(Job job) {
        return TrainingCost.read(folders.file(job, TRAINED));
    }

    /** Why a job cannot be made here, if it cannot. */
    public Optional<String> obstacle(Job job) {
        return job.checkpoints() && materials.checkpoints().isEmpty() && !Files.exists(folders.file(job, TRAINED))
                ? Optional.of("it learns from LoRA checkpoints; name their folder with --checkpoints")
                : Optional.empty();
    }

    /** Whether a job is done with these very settings. */
    public boolean isDone(Job job) {
        try {
            if (obstacle(job).isPresent()) {
                return false;
            }
            Map<String, Object> training = training(job);
            return inputs(folders.file(job, DONE)).equals(Optional.of(hash(evaluation(job, training))))
                    && (job.conditions().isEmpty()
                            || inputs(folders.file(job, DIAGNOSED)).equals(Optional.of(hash(diagnosis(training)))));
        } catch (IOException e) {
            throw unusable(job, e);
        }
    }

    /**
     * Makes what is missing of a job.
     *
     * @throws InvalidInputException when it was made with other settings, is in use, or a command fails
     */
    public void run(Job job) {
        try {
            Files.createDirectories(folders.of(job));
            try (FileChannel channel = FileChannel.open(
                            folders.file(job, ".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock lock = lock(channel, job)) {
                make(job);
            }
        } catch (IOException e) {
            throw unusable(job, e);
        }
    }

    private void make(Job job) throws IOException {
        Map<String, Object> training = training(job);
        boolean trained = isMade(job, TRAINED, training);
        Map<String, Object> evaluation = evaluation(job, training);
        boolean evaluated = trained && isMade(job, DONE, evaluation);
        boolean diagnosed = job.conditions().isEmpty() || trained && isMade(job, DIAGNOSED, diagnosis(training));
        if (evaluated && diagnosed) {
            log.accept(job.name() + ": is done");
            return;
        }
        if (!trained) {
            Map<String, Object> extraction = extraction(job);
            if (job.extractor().isPresent() && !isMade(job, EXTRACTED, extraction)) {
                make(
                        job,
                        EXTRACTED,
                        extraction,
                        commands.extract(job, job.extractor().get()));
            }
            make(job, TRAINED, training, commands.train(job));
        }
        if (!evaluated) {
            make(job, DONE, evaluation, commands.eval(job));
        }
        if (!diagnosed) {
            make(job, DIAGNOSED, diagnosis(training), commands.diagnose(job));
        }
    }

    private void make(Job job, String record, Map<String, Object> made, List<String> arguments) {
        String command = arguments.getFirst();
        log.accept(job.name() + ": dnd " + String.join(" ", arguments));
        boolean alone = memory.forgetPeak();
        long begin = System.nanoTime();
        int code = dnd.applyAsInt(arguments);
        if (code != 0) {
            throw new InvalidInputException(
                    folders.of(job).toString(), command, "ended with code " + code + "; its message stands above");
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("job", job.name());
        json.put("inputs", hash(made));
        json.put("settings", made);
        json.put("seconds", (System.nanoTime() - begin) / 1e9);
        if (alone) { // otherwise it would be the peak of whatever this process did before
            memory.peak().ifPresent(bytes -> json.put(TrainingCost.PEAK, bytes));
        }
        AtomicFile.writeString(folders.file(job, record), JsonWriter.write(json));
        log.accept(job.name() + ": " + command + " is done");
    }

    /** All that decides an encoder of the job's own. */
    private Map<String, Object> extraction(Job job) {
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("extractor", job.extractor().orElse(List.of()));
        made.put("base", hashes.computeIfAbsent(materials.base(), GgufFile::sha256));
        made.put("encoder", hashes.computeIfAbsent(materials.encoder(), folder -> materials.encoderHash()));
        return made;
    }

    /** All that decides the bundle. */
    private Map<String, Object> training(Job job) throws IOException {
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("flags", commands.flags(job));
        made.put("base", hashes.computeIfAbsent(materials.base(), GgufFile::sha256));
        made.put("encoder", hashes.computeIfAbsent(materials.encoder(), folder -> materials.encoderHash()));
        made.put("tasks", hashes.computeIfAbsent(materials.tasks(), Materials::hash));
        job.extractor().ifPresent(extractor -> made.put("extractor", extractor));
        if (job.checkpoints()) {
            made.put(CHECKPOINTS, checkpoints(job));
        }
        return made;
    }

    /** Where they are no longer at hand, a bundle that is made already stands for those that it was made from. */
    private String checkpoints(Job job) throws IOException {
        if (materials.checkpoints().isPresent()) {
            return hashes.computeIfAbsent(materials.checkpoints().get(), Materials::hash);
        }
        return read(folders.file(job, TRAINED)).object("settings").string(CHECKPOINTS);
    }

    /** All that decides the report. */
    private Map<String, Object> evaluation(Job job, Map<String, Object> training) {
        Map<String, Object> made = new LinkedHashMap<>();
        made.put("training", hash(training));
        made.put("seeds", settings.seeds());
        made.put("items", settings.items());
        made.put("controls", job.controls());
        if (!job.evaluation().isEmpty()) { // absent otherwise: jobs that were made before keep their identity
            made.put("evaluation", job.evaluation());
        }
        if (job.controls()) {
            materials
                    .adapters()
                    .ifPresent(folder -> made.put("adapters", hashes.computeIfAbsent(folder, Materials::hash)));
        }
        return made;
    }

    /** All that decides what is measured of the conditions. */
    private static Map<String, Object> diagnosis(Map<String, Object> training) {
        return Map.of("training", hash(training));
    }

    private boolean isMade(Job job, String name, Map<String, Object> made) throws IOException {
        Path record = folders.file(job, name);
        String remedy = switch (name) {
            case DONE -> "remove " + record + " to evaluate this job again";
            case DIAGNOSED -> "remove " + record + " to measure its conditions again";
            default -> "remove " + folders.of(job) + " to make this job again";
        };
        Optional<String> inputs = inputs(record);
        if (inputs.isPresent() && !inputs.get().equals(hash(made))) {
            throw new InvalidInputException(
                    record.toString(),
                    "inputs",
                    "are others than now (flags, the nano set or the recipe changed); " + remedy
                            + ", or take another --work");
        }
        return inputs.isPresent();
    }

    private static Optional<String> inputs(Path record) throws IOException {
        return Files.exists(record) ? Optional.of(read(record).string("inputs")) : Optional.empty();
    }

    private static JsonValue.Obj read(Path record) throws IOException {
        return JsonValue.parse(Files.readAllBytes(record), record.toString()).asObject(record.toString());
    }

    private static String hash(Map<String, Object> made) {
        return Sha256.of(JsonWriter.compact(new TreeMap<>(made)).getBytes(StandardCharsets.UTF_8));
    }

    private FileLock lock(FileChannel channel, Job job) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw inUse(job);
            }
            return lock;
        } catch (OverlappingFileLockException inThisProcess) {
            throw inUse(job);
        }
    }

    private InvalidInputException inUse(Job job) {
        return new InvalidInputException(
                folders.of(job).toString(),
                "job",
                "is being made by another process; wait for it, or make another job with --only");
    }

    private EnvironmentException unusable(Job job, IOException e) {
        return new EnvironmentException(
                folders.of(job) + ": cannot be used (" + e + "); check space and permissions", e);
    }
}
