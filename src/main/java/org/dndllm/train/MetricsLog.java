package org.dndllm.train;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;

/** A JSON object per line and step. Holds whole lines only, and none beyond the checkpoint that a run resumes from. */
final class MetricsLog implements AutoCloseable {
    private final Path file;
    private final FileChannel channel;

    private MetricsLog(Path file, FileChannel channel) {
        this.file = file;
        this.channel = channel;
    }

    /**
     * Opens or creates the log.
     *
     * @param step the lines of later steps, and a torn last line, are cut off
     */
    static MetricsLog open(Path file, long step) {
        try {
            long length = Files.exists(file) ? lengthUpTo(Files.readAllBytes(file), step, file) : 0;
            FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            channel.truncate(length).position(length);
            return new MetricsLog(file, channel);
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    private static long lengthUpTo(byte[] bytes, long step, Path file) {
        int begin = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                if (stepOf(bytes, begin, i, file) > step) {
                    return begin;
                }
                begin = i + 1;
            }
        }
        return begin;
    }

    private static long stepOf(byte[] bytes, int from, int to, Path file) {
        try {
            byte[] line = java.util.Arrays.copyOfRange(bytes, from, to);
            return JsonValue.parse(line, file.toString())
                    .asObject(file.toString())
                    .integer("step");
        } catch (InvalidInputException e) {
            throw new InvalidInputException(
                    file.toString(), "line at byte " + from, "is not a metrics line; move the file away", e);
        }
    }

    void append(Map<String, ?> line) {
        try {
            ByteBuffer bytes = ByteBuffer.wrap((JsonWriter.compact(line) + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            throw failure(file, e);
        }
    }

    private static EnvironmentException failure(Path file, IOException e) {
        return new EnvironmentException(
                file + ": cannot be written (" + e + "); check free space and permissions, then run again: it goes on "
                        + "from the last checkpoint",
                e);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw failure(file, e);
        }
    }
}
