package org.dndllm.serve.adapter;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.FileTree;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.Sha256;
import org.dndllm.lora.PeftAdapter;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of adapter folders, each named {@code name@generation}: {@code adapter.gguf}, {@code card.json} and, where the
 * adapter can be one, a PEFT adapter. A folder appears by one rename and goes by one, and a replacement appears before
 * its predecessor goes; so a crash at any moment leaves whole adapters only, at worst two generations of a name, of which
 * the newer one counts. One process at a time has the folder, by a lock.
 */
public final class AdapterStore implements AutoCloseable {
    static final String GGUF = "adapter.gguf";
    private static final String CARD = "card.json";
    private static final String LOCK = ".lock";
    private static final String TEMPORARY = "dnd-adapters";
    private static final Logger LOG = LoggerFactory.getLogger(AdapterStore.class);

    private final Path folder;
    private final boolean temporary;
    private final FileChannel lockChannel;

    private AdapterStore(Path folder, boolean temporary) throws IOException {
        this.folder = folder;
        this.temporary = temporary;
        lockChannel = FileChannel.open(
                folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        lock();
        removeLeftovers();
    }

    /**
     * Opens a store, creating it if need be.
     *
     * @throws EnvironmentException if the folder cannot be used, or another process has it
     */
    public static AdapterStore open(Path folder) {
        try {
            return new AdapterStore(Files.createDirectories(folder), false);
        } catch (IOException e) {
            throw unusable(folder, e);
        }
    }

    /** A store that goes when it is closed, and those with it that killed servers left behind. */
    public static AdapterStore temporary() {
        try {
            Path folder = Files.createTempDirectory(TEMPORARY);
            StaleStores.remove(folder, TEMPORARY, LOCK);
            return new AdapterStore(folder, true);
        } catch (IOException e) {
            throw unusable(Path.of(System.getProperty("java.io.tmpdir", "")), e);
        }
    }

    private static EnvironmentException unusable(Path folder, IOException e) {
        return new EnvironmentException(
                "the adapter store " + folder + " cannot be used (" + e + "); check permissions and free space", e);
    }

    private void lock() throws IOException {
        @Nullable FileLock lock;
        try {
            lock = lockChannel.tryLock();
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null) {
            lockChannel.close();
            throw new EnvironmentException("the adapter store " + folder
                    + " is in use by another server; stop that one, or choose another folder");
        }
    }

    /** Temporaries of a process that was killed. */
    private void removeLeftovers() throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                String name = String.valueOf(entry.getFileName());
                if (name.startsWith(".") && name.endsWith(".tmp")) {
                    FileTree.delete(entry);
                }
            }
        }
    }

    /** A stored adapter that was found whole. */
    record Stored(AdapterCard card, Path folder) {}

    /** All adapters, one generation of each name, oldest first; what is not whole is logged and left alone. */
    List<Stored> restore() {
        Map<String, Stored> newest = new HashMap<>();
        for (Path each : folders()) {
            try {
                Stored stored = read(each);
                if (newest.putIfAbsent(stored.card().name(), stored) != null) {
                    delete(each); // the newer generation came before
                }
            } catch (InvalidInputException | AdapterException | NumberFormatException e) {
                LOG.warn("the stored adapter {} is not restored: {}", each.getFileName(), e.getMessage());
            }
        }
        List<Stored> all = new ArrayList<>(newest.values());
        all.sort(Comparator.comparingLong(
                stored -> AdapterCard.serial(stored.card().generation())));
        return all;
    }

    /** Newest first, so that the first one of a name is the one to keep. */
    private List<Path> folders() {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(Files::isDirectory)
                    .filter(each -> Files.exists(each.resolve(CARD)))
                    .sorted(Comparator.comparingLong(AdapterStore::serial).reversed())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long serial(Path each) {
        String name = String.valueOf(each.getFileName());
        try {
            return Long.parseLong(name.substring(name.lastIndexOf('-') + 1));
        } catch (NumberFormatException e) {
            return -1; // not ours; reading it will say so
        }
    }

    private static Stored read(Path each) {
        String source = String.valueOf(each.getFileName());
        try {
            AdapterCard card = AdapterCard.fromJson(JsonValue.parse(Files.readAllBytes(each.resolve(CARD)), source)
                    .asObject(source));
            String expected = card.facts().get("sha256") instanceof JsonValue.Str hash ? hash.value() : "";
            if (!source.equals(folderName(card))
                    || !Sha256.of(each.resolve(GGUF)).equals(expected)) {
                throw new InvalidInputException(source, GGUF, "is not what its card says; it was changed or cut");
            }
            return new Stored(card, each);
        } catch (IOException e) {
            throw new InvalidInputException(source, CARD, "cannot be read", e);
        }
    }

    private static String folderName(AdapterCard card) {
        return card.name() + "@" + card.generation();
    }

    /**
     * Writes an adapter.
     *
     * @return its folder
     * @throws EnvironmentException if the disk refuses; nothing is left then
     */
    Path write(AdapterCard card, AdapterContent content) {
        Path target = folder.resolve(folderName(card));
        AtomicFile.writeFolder(
                target,
                inside -> {
                    content.weights().ifPresent(weights -> PeftAdapter.fill(inside, weights, Map.of()));
                    AtomicFile.write(inside.resolve(GGUF), channel -> write(channel, content.gguf()));
                    AtomicFile.writeString(inside.resolve(CARD), JsonWriter.write(card.toJson()));
                },
                false);
        return target;
    }

    private static void write(FileChannel channel, MemorySegment bytes) throws IOException {
        long piece = 1L << 30; // a buffer holds less than 2 GB
        for (long at = 0; at < bytes.byteSize(); at += piece) {
            ByteBuffer buffer =
                    bytes.asSlice(at, Math.min(piece, bytes.byteSize() - at)).asByteBuffer();
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }
    }

    /** Removes an adapter. What cannot be removed is logged: the adapter is unloaded all the same. */
    void delete(Path adapter) {
        try {
            Path gone = folder.resolve("." + adapter.getFileName() + ".deleted.tmp");
            Files.move(adapter, gone, StandardCopyOption.ATOMIC_MOVE);
            FileTree.delete(gone);
        } catch (IOException e) {
            LOG.warn("the stored adapter {} could not be removed: {}", adapter.getFileName(), e.toString());
        }
    }

    /** Gives the folder free for another process. Idempotent. */
    @Override
    public void close() {
        try {
            lockChannel.close();
            if (temporary && Files.exists(folder)) {
                FileTree.delete(folder);
            }
        } catch (IOException e) {
            LOG.warn("the adapter store {} could not be closed: {}", folder, e.toString());
        }
    }
}
