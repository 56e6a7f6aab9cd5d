package org.dndllm.engine;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.zip.GZIPInputStream;
import org.dndllm.InvalidInputException;

/** Unpacks what is gzipped, as HumanEval is published. */
final class Gunzip {
    private Gunzip() {}

    /**
     * The content of a gzipped file; other bytes as they are.
     *
     * @throws InvalidInputException if the packed data are cut or damaged, or hold more than {@code most} bytes
     */
    static byte[] all(byte[] bytes, String source, long most) {
        if (bytes.length < 2 || Byte.toUnsignedInt(bytes[0]) != 0x1f || Byte.toUnsignedInt(bytes[1]) != 0x8b) {
            return bytes;
        }
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(bytes))) {
            byte[] content = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, most + 1));
            if (content.length > most) {
                throw new InvalidInputException(
                        source, "size", "unpacks to more than " + most + " bytes; give a smaller sample");
            }
            return content;
        } catch (IOException e) {
            throw new InvalidInputException(
                    source, "file", "is no whole gzip file (" + e.getMessage() + "); download it again", e);
        }
    }
}
