package org.dndllm.hub;

import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.Semaphore;
import org.dndllm.EnvironmentException;
import org.jspecify.annotations.Nullable;

/** Lets one thread of one process at a time fetch a blob; the others wait and then find it. */
final class BlobLock implements AutoCloseable {
    /** File locks belong to the whole JVM, so its threads need locks of their own; one small object per blob pulled. */
    private static final ConcurrentMap<Path, Semaphore> THREADS = new ConcurrentHashMap<>();

    private final Semaphore thread;
    private final FileChannel channel;
    private final FileLock lock;

    private BlobLock(Semaphore thread, FileChannel channel, FileLock lock) {
        this.thread = thread;
        this.channel = channel;
        this.lock = lock;
    }

    /** Waits for the lock of a blob and takes it. */
    static BlobLock take(Path file) {
        Semaphore thread = THREADS.computeIfAbsent(file.toAbsolutePath().normalize(), absent -> new Semaphore(1));
        try {
            thread.acquire();
        } catch (InterruptedException e) {
            throw Stopped.now(e);
        }
        boolean taken = false;
        try {
            BlobLock lock = lockFile(thread, file);
            taken = true;
            return lock;
        } finally {
            if (!taken) {
                thread.release();
            }
        }
    }

    @SuppressWarnings("MustBeClosedChecker") // the channel leaves this method inside the object that closes it
    private static BlobLock lockFile(Semaphore thread, Path file) {
        FileChannel channel = null;
        try {
            Files.createDirectories(file.getParent());
            channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            return new BlobLock(thread, channel, channel.lock());
        } catch (FileLockInterruptionException | ClosedByInterruptException e) {
            closeQuietly(channel);
            throw Stopped.now(new InterruptedException("while waiting for " + file));
        } catch (IOException e) {
            closeQuietly(channel);
            throw new EnvironmentException(
                    file + ": cannot be locked (" + e
                            + "); check its folder's permissions, or choose a cache on another" + " disk with HF_HOME",
                    e);
        }
    }

    private static void closeQuietly(@Nullable FileChannel channel) {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException alreadyFailed) {
            // the failure that led here is the one to report
        }
    }

    /** The file stays: removing it would let two processes lock two files of one name. */
    @Override
    public void close() {
        try {
            lock.release();
            channel.close();
        } catch (IOException e) {
            closeQuietly(channel); // which gives the lock back as well
        } finally {
            thread.release();
        }
    }
}
