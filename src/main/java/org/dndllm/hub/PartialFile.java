package org.dndllm.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;

/** A growing download with the digest of what it holds so far, those bytes included that an earlier run left. */
final class PartialFile implements AutoCloseable {
    private static final int CHUNK = 1 << 20;

    private final RemoteFile file;
    private final FileChannel channel;
    private final Disk disk;
    private MessageDigest digest;
    private long size;

    private PartialFile(RemoteFile file, FileChannel channel, Disk disk) {
        this.file = file;
        this.channel = channel;
        this.disk = disk;
        this.digest = file.hash().newDigest(file.size());
    }

    @SuppressWarnings("MustBeClosedChecker") // the channel leaves this method inside the object that closes it
    static PartialFile open(Path path, RemoteFile file, Disk disk) throws IOException {
        Files.createDirectories(path.getParent());
        FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        PartialFile partial = new PartialFile(file, channel, disk);
        try {
            partial.digestWhatIsThere();
            return partial;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private void digestWhatIsThere() throws IOException {
        if (channel.size() > file.size()) {
            channel.truncate(0); // not a beginning of this file
        }
        ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
        while (channel.read(buffer) >= 0) {
            size += buffer.position();
            digest.update(buffer.flip());
            buffer.clear();
        }
    }

    /** Bytes so far. */
    long size() {
        return size;
    }

    boolean isComplete() {
        return size == file.size();
    }

    /** Appends bytes, at most as many as the file still lacks. */
    void append(ByteBuffer bytes) throws IOException {
        int count = bytes.remaining();
        digest.update(bytes.duplicate());
        disk.write(channel, bytes);
        size += count;
    }

    /** Drops everything. */
    void restart() throws IOException {
        channel.truncate(0);
        channel.position(0);
        size = 0;
        digest = file.hash().newDigest(file.size());
    }

    /** Whether the content is the one that the hub named. The digest is spent then. */
    boolean isRight() {
        return isComplete()
                && HexFormat.of().formatHex(digest.digest()).equals(file.hash().hex());
    }

    /** Forces the content to disk. */
    void force() throws IOException {
        channel.force(true);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
