package org.dndllm.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** What of the file system may be missing or exhausted; tests let it be. */
interface Disk {
    /** The machine's own. */
    Disk REAL = new Disk() {
        @Override
        public long usableBytes(Path folder) throws IOException {
            return Files.getFileStore(folder).getUsableSpace();
        }

        @Override
        public void write(FileChannel channel, ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }

        @Override
        public void link(Path link, Path target) throws IOException {
            Files.createSymbolicLink(link, target);
        }
    };

    /** Bytes that may still be written below an existing folder. */
    long usableBytes(Path folder) throws IOException;

    /** Appends all the bytes. */
    void write(FileChannel channel, ByteBuffer bytes) throws IOException;

    /**
     * Makes a symbolic link.
     *
     * @throws UnsupportedOperationException or IOException where there are none, or not for this user
     */
    void link(Path link, Path target) throws IOException;
}
