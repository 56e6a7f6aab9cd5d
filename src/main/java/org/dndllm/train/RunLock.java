package org.dndllm.train;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.dndllm.EnvironmentException;
import org.jspecify.annotations.Nullable;

/** Keeps a second run out of a folder. The system lets go of it when the process ends, however that happens. */
final class RunLock implements AutoCloseable {
    private final FileChannel channel;

    private RunLock(FileChannel channel) {
        this.channel = channel;
    }

    /** @throws EnvironmentException when another run works there, or the disk refuses */
    static RunLock of(Path folder) {
        Path file = folder.resolve("lock");
        try {
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (tryLock(channel) == null) {
                channel.close();
                throw new EnvironmentException(
                        folder + ": another run is training there; wait for it, or choose another folder");
            }
            return new RunLock(channel);
        } catch (IOException e) {
            throw new EnvironmentException(file + ": cannot be written (" + e + "); check its permissions", e);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException heldByThisProcess) {
            return null;
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new EnvironmentException("a training run's lock cannot be released (" + e + ")", e);
        }
    }
}
