package org.dndllm.cli.nano;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.Sha256;

/**
 * Runs stages in order and skips what is done. In each stage's folder: {@code begun.json} says from which inputs it is
 * made, {@code done.json} that it is whole. A folder from other inputs is refused, never mixed or thrown away.
 */
public final class StageRunner {
    private static final String BEGUN = "begun.json";
    private static final String DONE = "done.json";

    private final Path root;
    private final long seed;
    private final Consumer<String> log;

    /**
     * @param root folder of the build; made when missing
     * @param seed for the records
     * @param log hears what goes on, a line at a time
     */
    public StageRunner(Path root, long seed, Consumer<String> log) {
        this.root = root;
        this.seed = seed;
        this.log = log;
    }

    /**
     * Runs all stages, or one of them.
     *
     * @param stages in order: each after those that it needs
     * @param only name of the one
     * @return the numbers of every stage that is done now, by name
     * @throws InvalidInputException when a folder was made from other inputs, or what the one stage needs is not done
     */
    public Map<String, Object> run(List<Stage> stages, Optional<String> only) {
        Map<String, Object> results = new LinkedHashMap<>();
        try (FileChannel channel = open();
                FileLock lock = lock(channel)) {
            Map<String, String> products = new LinkedHashMap<>();
            for (Stage stage : stages) {
                String inputs = inputs(stage, products);
                Optional<JsonValue.Obj> done = done(stage, inputs);
                boolean wanted = only.isEmpty() || only.get().equals(stage.name());
                if (done.isEmpty() && wanted) {
                    make(stage, inputs);
                    done = done(stage, inputs);
                } else if (done.isPresent() && wanted) {
                    log.accept(stage.name() + ": is done");
                }
                done.ifPresent(json -> {
                    products.put(stage.name(), json.string("product"));
                    results.put(stage.name(), json.object("results"));
                });
            }
            return results;
        } catch (IOException e) {
            throw new EnvironmentException(root + ": cannot be used (" + e + "); check space and permissions", e);
        }
    }

    private FileChannel open() throws IOException {
        Files.createDirectories(root);
        return FileChannel.open(root.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    private FileLock lock(FileChannel channel) throws IOException {
        try {
            FileLock lock = channel.tryLock();
            if (lock == null) {
                throw inUse();
            }
            return lock;
        } catch (OverlappingFileLockException inThisProcess) {
            throw inUse();
        }
    }

    private InvalidInputException inUse() {
        return new InvalidInputException(
                root.toString(), "folder", "is in use by another build; wait for it or take another folder");
    }

    /** Hash of all that decides a stage's product; empty where what it needs is not done. */
    private static String inputs(Stage stage, Map<String, String> products) {
        Map<String, Object> parts = new TreeMap<>();
        parts.put("stage", stage.name());
        parts.put("settings", stage.settings());
        Map<String, Object> needs = new TreeMap<>();
        for (String need : stage.needs()) {
            String product = products.get(need);
            if (product == null) {
                return "";
            }
            needs.put(need, product);
        }
        parts.put("needs", needs);
        return Sha256.of(JsonWriter.compact(parts).getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private Optional<JsonValue.Obj> done(Stage stage, String inputs) throws IOException {
        Path file = root.resolve(stage.name()).resolve(DONE);
        if (inputs.isEmpty() || !Files.exists(file)) {
            return Optional.empty();
        }
        JsonValue.Obj json = read(file);
        requireSame(file, json, inputs);
        return Optional.of(json);
    }

    private void make(Stage stage, String inputs) throws IOException {
        if (inputs.isEmpty()) {
            throw new InvalidInputException(
                    root.toString(), stage.name(), "needs " + stage.needs() + ", not all of which are done");
        }
        Workplace workplace = new Workplace(root, stage.name(), log);
        Files.createDirectories(workplace.folder());
        Path begun = workplace.folder().resolve(BEGUN);
        if (Files.exists(begun)) {
            requireSame(begun, read(begun), inputs);
            workplace.say("goes on");
        } else {
            AtomicFile.writeString(begun, JsonWriter.write(Map.of("inputs", inputs)));
            workplace.say("begins");
        }
        long begin = System.nanoTime();
        Map<String, ?> results = stage.work().run(workplace);
        Duration took = Duration.ofNanos(System.nanoTime() - begin);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("stage", stage.name());
        json.put("inputs", inputs);
        json.put("settings", stage.settings());
        json.put("seed", seed);
        json.put("seconds", took.toMillis() / 1e3);
        json.put("product", product(workplace.folder()));
        json.put("results", results);
        AtomicFile.writeString(workplace.folder().resolve(DONE), JsonWriter.write(json));
        workplace.say("done in %s, %s", Workplace.text(took), JsonWriter.compact(results));
    }

    /** Hash over the names and contents of a stage's files, without those that only serve its runs. */
    private static String product(Path folder) throws IOException {
        List<String> lines = new ArrayList<>();
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                String name = folder.relativize(file).toString().replace('\\', '/');
                List<String> parts = List.of(name.split("/"));
                boolean aside = parts.contains(Workplace.RUNS) || parts.stream().anyMatch(part -> part.startsWith("."));
                if (!aside && !name.equals(BEGUN) && !name.equals(DONE)) {
                    lines.add(name + " " + Sha256.of(file));
                }
            }
        }
        return Sha256.of(String.join("\n", lines).getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private static void requireSame(Path file, JsonValue.Obj json, String inputs) {
        if (!json.string("inputs").equals(inputs)) {
            throw new InvalidInputException(
                    file.toString(),
                    "inputs",
                    "are others than now (settings or an earlier stage changed); remove "
                            + file.toAbsolutePath().getParent() + " to make this stage again, or take another folder");
        }
    }

    private static JsonValue.Obj read(Path file) throws IOException {
        return JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
    }
}
