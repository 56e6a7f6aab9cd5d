package org.dndllm.cli.nano;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.Sha256;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;

/**
 * {@code nano/}: the files that ship, with {@code MANIFEST.json}, which names each with its size, hash and stage.
 *
 * @param seed of the world
 * @param shipped products, in the order of the manifest
 */
record ShipStage(long seed, List<Shipped> shipped) implements Stage.Work {
    static final String FOLDER = "nano";
    static final String MANIFEST = "MANIFEST.json";

    private static final String COMMAND = "scripts/build-nano";

    /**
     * A file or folder that ships.
     *
     * @param stage that made it
     * @param source within the stage's folder
     * @param target within the shipped folder
     */
    record Shipped(String stage, String source, String target) {}

    /** A file as the manifest names it. */
    private record Entry(String file, long bytes, String sha256, String stage) {
        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("file", file);
            json.put("bytes", bytes);
            json.put("sha256", sha256);
            json.put("stage", stage);
            return json;
        }
    }

    ShipStage {
        shipped = List.copyOf(shipped);
    }

    /** Task data, base model, generators (each with the encoder in its bundle), and of each task's adapters the first. */
    static List<Shipped> standard(NanoWorld world, List<String> families) {
        List<Shipped> shipped = new ArrayList<>();
        shipped.add(new Shipped(NanoBuild.WORLD, WorldStage.TASKS, "tasks"));
        shipped.add(new Shipped(NanoBuild.BASE, BaseStage.FILE, "base.gguf"));
        families.forEach(family -> shipped.add(new Shipped(family, GeneratorStage.BUNDLE, family)));
        Stream<String> tasks = Stream.of(Role.TRAIN, Role.VALIDATION, Role.HELD_OUT)
                .flatMap(role -> world.tasks(role).stream())
                .map(task -> task.name());
        Stream.concat(tasks, Stream.of(CollectStage.MULTITASK))
                .forEach(name -> shipped.add(new Shipped(
                        NanoBuild.COLLECT, CollectStage.ADAPTERS + "/" + name + "/seed-1", "adapters/" + name)));
        return shipped;
    }

    @Override
    public Map<String, ?> run(Workplace workplace) {
        List<Entry> files = new ArrayList<>();
        AtomicFile.writeFolder(
                workplace.folder().resolve(FOLDER),
                inside -> {
                    for (Shipped one : shipped) {
                        copy(workplace.of(one.stage(), one.source()), inside.resolve(one.target()));
                        describe(one, inside, files);
                    }
                    Map<String, Object> manifest = new LinkedHashMap<>();
                    manifest.put("command", COMMAND);
                    manifest.put("seed", seed);
                    manifest.put("files", files.stream().map(Entry::toJson).toList());
                    AtomicFile.writeString(inside.resolve(MANIFEST), JsonWriter.write(manifest));
                },
                true);
        return Map.of(
                "files",
                files.size(),
                "bytes",
                files.stream().mapToLong(Entry::bytes).sum());
    }

    private static void describe(Shipped shipped, Path inside, List<Entry> files) throws IOException {
        try (Stream<Path> found = Files.walk(inside.resolve(shipped.target()))) {
            for (Path file : found.filter(Files::isRegularFile).sorted().toList()) {
                String name = inside.relativize(file).toString().replace('\\', '/');
                files.add(new Entry(name, Files.size(file), Sha256.of(file), shipped.stage()));
            }
        }
    }

    /** A file, or a folder with all that is in it. */
    static void copy(Path source, Path target) throws IOException {
        Files.createDirectories(target.toAbsolutePath().getParent());
        try (Stream<Path> found = Files.walk(source)) {
            for (Path from : found.sorted().toList()) {
                Path to = target.resolve(source.relativize(from).toString());
                if (Files.isDirectory(from)) {
                    Files.createDirectories(to);
                } else {
                    Files.copy(from, to); // fails where a file is there: nothing ships twice
                }
            }
        }
    }
}
