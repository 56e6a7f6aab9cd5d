package org.dndllm.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.Sha256;

/**
 * Hashes of a folder's files, large ones only once: gigabytes take seconds, and an official generator has 4 to 9 of them.
 * What was hashed is noted in a hidden file beside them, with everything by which the system tells a changed file: size,
 * times of the last write and the last change of any kind, inode. A file that was copied, touched or written is hashed
 * again, and so is each where the folder cannot be written or the system has no such numbers.
 */
final class VerifiedFiles {
    static final String NOTES = ".verified.json";

    private static final long LARGE = 64L << 20;

    /** Clocks of file systems are coarse: what changed just now may change again within the same tick. */
    private static final Duration SETTLED = Duration.ofSeconds(2);

    private final Path folder;
    private final long large;
    private final Clock clock;

    VerifiedFiles(Path folder) {
        this(folder, LARGE, Clock.systemUTC());
    }

    /** @param large files of fewer bytes are always hashed */
    VerifiedFiles(Path folder, long large, Clock clock) {
        this.folder = folder;
        this.large = large;
        this.clock = clock;
    }

    /**
     * The hash of a file of the folder.
     *
     * @throws InvalidInputException when it cannot be read
     */
    String sha256(String name) {
        Path file = folder.resolve(name);
        Optional<Map<String, Object>> state = state(file);
        if (state.isEmpty()) {
            return Sha256.of(file);
        }
        Map<String, Object> notes = notes();
        if (notes.get(name) instanceof Map<?, ?> noted
                && noted.get("state") instanceof String then
                && then.equals(state.get().toString())
                && noted.get("sha256") instanceof String hash) {
            return hash;
        }
        String hash = Sha256.of(file);
        if (state(file).equals(state)) {
            Map<String, Object> note = new LinkedHashMap<>();
            note.put("state", state.get().toString());
            note.put("sha256", hash);
            notes.put(name, note);
            keep(notes);
        }
        return hash;
    }

    /** By what a changed file is told; empty for small files, for such as changed just now and where there is no telling. */
    private Optional<Map<String, Object>> state(Path file) {
        try {
            Map<String, Object> state =
                    new TreeMap<>(Files.readAttributes(file, "unix:size,lastModifiedTime,ctime,ino"));
            return state.get("ctime") instanceof FileTime changed
                            && changed.toInstant().plus(SETTLED).isBefore(clock.instant())
                            && Files.size(file) >= large
                    ? Optional.of(state)
                    : Optional.empty();
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return Optional.empty(); // hashing says what is wrong, if anything is
        }
    }

    private Map<String, Object> notes() {
        Map<String, Object> notes = new LinkedHashMap<>();
        Path file = folder.resolve(NOTES);
        try {
            if (Files.isRegularFile(file)
                    && JsonValue.parse(Files.readAllBytes(file), file.toString()) instanceof JsonValue.Obj root) {
                for (String name : root.members().keySet()) {
                    JsonValue.Obj note = root.object(name);
                    notes.put(name, Map.of("state", note.string("state"), "sha256", note.string("sha256")));
                }
            }
        } catch (IOException | InvalidInputException damaged) {
            notes.clear(); // everything is hashed again
        }
        return notes;
    }

    private void keep(Map<String, Object> notes) {
        try {
            AtomicFile.writeString(folder.resolve(NOTES), JsonWriter.write(notes));
        } catch (EnvironmentException readOnly) {
            // hashed again next time
        }
    }
}
