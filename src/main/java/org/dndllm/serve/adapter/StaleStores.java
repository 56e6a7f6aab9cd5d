package org.dndllm.serve.adapter;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import org.dndllm.format.FileTree;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Temporary stores of servers that were killed: their locks are free. */
final class StaleStores {
    private static final Logger LOG = LoggerFactory.getLogger(StaleStores.class);
    /** A server that begins has made its folder, and the lock a moment later. */
    private static final Duration BEGINNING = Duration.ofMinutes(10);

    private StaleStores() {}

    /** Removes those beside {@code own} whose names begin alike, of the same user. */
    static void remove(Path own, String prefix, String lock) {
        try (DirectoryStream<Path> stores =
                Files.newDirectoryStream(own.toAbsolutePath().getParent(), prefix + "*")) {
            for (Path each : stores) {
                if (isStale(each, own, lock)) {
                    FileTree.delete(each);
                }
            }
        } catch (IOException e) {
            LOG.debug("what killed servers left behind stays", e);
        }
    }

    private static boolean isStale(Path store, Path own, String lock) throws IOException {
        Path file = store.resolve(lock);
        if (!Files.isDirectory(store, LinkOption.NOFOLLOW_LINKS)
                || !Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
                || !Files.getOwner(store).equals(Files.getOwner(own))
                || Files.getLastModifiedTime(file)
                        .toInstant()
                        .isAfter(Instant.now().minus(BEGINNING))) {
            return false;
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE);
                @Nullable FileLock free = channel.tryLock()) {
            return free != null;
        } catch (OverlappingFileLockException e) {
            return false; // of this process
        }
    }
}
