package org.dndllm.eval.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.RgbImage;

/** The picture of a question, as the file has it; read when it is needed. */
public sealed interface ItemImage {
    /**
     * Reads it.
     *
     * @param item for messages
     * @throws InvalidInputException if it cannot be read or is no PNG or JPEG
     */
    RgbImage read(String item);

    /** A file, inside the folder of the questions. */
    record InFile(Path path) implements ItemImage {
        @Override
        public RgbImage read(String item) {
            try {
                if (Files.size(path) > RgbImage.MOST_BYTES) {
                    throw new InvalidInputException(
                            item, "image", path + " has more than " + RgbImage.MOST_BYTES + " bytes; scale it down");
                }
                return RgbImage.decode(Files.readAllBytes(path), path.toString());
            } catch (IOException e) {
                throw new InvalidInputException(item, "image", path + " cannot be read: " + e + "; check the file", e);
            }
        }
    }

    /** Bytes in the question itself, in Base64, which has been checked. */
    record Inline(String base64) implements ItemImage {
        @Override
        public RgbImage read(String item) {
            return RgbImage.decode(Base64.getDecoder().decode(base64), item + ", its image");
        }
    }
}
