package org.dndllm.format;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicBoolean;
import org.dndllm.InvalidInputException;

/**
 * A whole file mapped read-only, of any size, shared by all threads until closed. A file that another process cuts
 * short while it is mapped makes reads fail with {@link InternalError}: writers must replace files, not shorten them.
 */
final class MappedFile implements AutoCloseable {
    private final Arena arena;
    private final MemorySegment bytes;
    private final AtomicBoolean closed = new AtomicBoolean();

    private MappedFile(Arena arena, MemorySegment bytes) {
        this.arena = arena;
        this.bytes = bytes;
    }

    // The arena leaves this method inside the object that closes it.
    @SuppressWarnings("MustBeClosedChecker")
    static MappedFile open(Path path) {
        if (Files.isDirectory(path)) {
            throw new InvalidInputException(path.toString(), "file", "is a folder; name a file in it");
        }
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return new MappedFile(arena, channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena));
        } catch (NoSuchFileException e) {
            arena.close();
            throw new InvalidInputException(path.toString(), "file", "does not exist; check the path", e);
        } catch (IOException e) {
            arena.close();
            throw new InvalidInputException(path.toString(), "file", "cannot be read: " + e.getMessage(), e);
        }
    }

    MemorySegment bytes() {
        return bytes;
    }

    /** Lives as long as the mapping, for what is derived from it. */
    Arena arena() {
        return arena;
    }

    @Override
    public void close() {
        if (closed.compareAndSet(false, true)) {
            arena.close();
        }
    }
}
