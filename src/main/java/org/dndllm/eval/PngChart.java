package org.dndllm.eval;

import java.awt.image.BufferedImage;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.function.Supplier;
import javax.imageio.ImageIO;
import org.dndllm.EnvironmentException;
import org.dndllm.format.AtomicFile;

/** What all charts share: drawn first, then written whole or not at all. */
final class PngChart {
    private PngChart() {}

    /**
     * Writes a chart.
     *
     * @throws EnvironmentException if the file cannot be written, or this Java has no fonts to draw with
     */
    static void write(Path png, Supplier<BufferedImage> drawing) {
        BufferedImage image;
        try {
            image = drawing.get();
        } catch (LinkageError | InternalError e) {
            // a Java without libfreetype or a system without any font fails in the first text call
            throw new EnvironmentException(
                    png + ": cannot draw text (" + e + "); install fontconfig and a font such as DejaVu, or use a Java"
                            + " with its desktop libraries",
                    e);
        }
        AtomicFile.write(png, channel -> {
            OutputStream out = Channels.newOutputStream(channel);
            ImageIO.write(image, "png", out);
            out.flush();
        });
    }
}
