package org.dndllm.format;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.jspecify.annotations.Nullable;

/**
 * Files and folders that appear whole or not at all: written under a temporary name beside the target, forced to disk,
 * then renamed. A reader sees the old content or the new; a failed write leaves the old content and no litter. Missing
 * parent folders are created. After a crash a hidden {@code .name.<pid>-<n>.tmp} may stay behind; it is never read.
 */
public final class AtomicFile {
    private static final AtomicLong SERIAL = new AtomicLong();

    private AtomicFile() {}

    /** Fills a new file. */
    @FunctionalInterface
    public interface Body {
        void write(FileChannel channel) throws IOException;
    }

    /** Fills a new, empty folder. */
    @FunctionalInterface
    public interface FolderBody {
        void fill(Path folder) throws IOException;
    }

    /**
     * Writes a file, replacing an existing one.
     *
     * @throws InvalidInputException when the target is a folder
     * @throws EnvironmentException when the disk refuses (full, read-only, not permitted)
     */
    public static void write(Path target, Body body) {
        if (Files.isDirectory(target)) {
            throw new InvalidInputException(target.toString(), "output", "is a folder; name a file");
        }
        Path temporary = null;
        try {
            temporary = newSibling(target, Kind.FILE);
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.WRITE)) {
                body.write(channel);
                channel.force(true);
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            forceFolder(parentOf(target));
        } catch (IOException e) {
            throw cannotWrite(target, e);
        } finally {
            discard(temporary);
        }
    }

    /** Writes a text as UTF-8; otherwise as {@link #write}. */
    public static void writeString(Path target, String text) {
        write(target, channel -> {
            ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        });
    }

    /**
     * Writes a folder with all its files.
     *
     * @param replace whether an existing target gives way; two renames are then needed, so a crash between them leaves
     *     the target missing and both versions beside it
     * @throws InvalidInputException when the target exists and may not be replaced, or is a file
     * @throws EnvironmentException when the disk refuses
     */
    public static void writeFolder(Path target, FolderBody body, boolean replace) {
        refuseExisting(target, replace);
        Path temporary = null;
        Path old = null;
        try {
            temporary = newSibling(target, Kind.FOLDER);
            body.fill(temporary);
            forceTree(temporary);
            if (Files.exists(target)) {
                refuseExisting(target, replace);
                old = sibling(target);
                Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
            }
            try {
                Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                if (old != null) {
                    Files.move(old, target, StandardCopyOption.ATOMIC_MOVE);
                }
                throw e;
            }
            forceFolder(parentOf(target));
        } catch (IOException e) {
            throw cannotWrite(target, e);
        } finally {
            discard(temporary);
            discard(old);
        }
    }

    private enum Kind {
        FILE,
        FOLDER
    }

    private static void refuseExisting(Path target, boolean replace) {
        if (Files.exists(target) && !Files.isDirectory(target)) {
            throw new InvalidInputException(target.toString(), "output", "is a file; name a folder");
        }
        if (Files.exists(target) && !replace) {
            throw new InvalidInputException(
                    target.toString(), "output", "exists already; choose another name or ask to replace it");
        }
    }

    /** Created by us rather than by Files.createTempFile, whose files are readable by the owner alone after the rename. */
    private static Path newSibling(Path target, Kind kind) throws IOException {
        Files.createDirectories(parentOf(target));
        while (true) {
            Path candidate = sibling(target);
            try {
                return kind == Kind.FOLDER ? Files.createDirectory(candidate) : Files.createFile(candidate);
            } catch (FileAlreadyExistsException leftByACrashedProcessOfTheSamePid) {
                continue;
            }
        }
    }

    private static Path sibling(Path target) {
        long pid = ProcessHandle.current().pid();
        return parentOf(target)
                .resolve("." + target.getFileName() + "." + pid + "-" + SERIAL.incrementAndGet() + ".tmp");
    }

    private static Path parentOf(Path target) {
        Path parent = target.toAbsolutePath().getParent();
        if (parent == null || target.getFileName() == null) {
            throw new InvalidInputException(target.toString(), "output", "has no file name; name a file or folder");
        }
        return parent;
    }

    private static void forceTree(Path folder) throws IOException {
        try (Stream<Path> entries = Files.walk(folder)) {
            for (Path entry : (Iterable<Path>) entries::iterator) {
                if (Files.isRegularFile(entry)) {
                    try (FileChannel channel = FileChannel.open(entry, StandardOpenOption.WRITE)) {
                        channel.force(true);
                    }
                } else {
                    forceFolder(entry);
                }
            }
        }
    }

    /** Makes a rename durable. Windows cannot open folders and needs no such call, so a refusal there is no failure. */
    private static void forceFolder(Path folder) {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        } catch (IOException unsupportedOnThisPlatform) {
            // The content itself is on disk; only the name's durability over a power cut is left to the system.
        }
    }

    private static void discard(@Nullable Path leftover) {
        if (leftover == null || !Files.exists(leftover)) {
            return;
        }
        try {
            FileTree.delete(leftover);
        } catch (IOException stays) {
            // A hidden temporary that nobody reads; the outcome of the write matters more than reporting this.
        }
    }

    private static EnvironmentException cannotWrite(Path target, IOException e) {
        return new EnvironmentException(
                target + ": cannot be written (" + e + "); check free space and permissions of its folder", e);
    }
}
