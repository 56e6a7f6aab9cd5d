package org.dndllm.eval;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.imageio.ImageIO;
import org.dndllm.EnvironmentException;
import org.dndllm.format.AtomicFile;

/** What all charts share: a white canvas with a title, drawn first, then written whole or not at all. */
final class PngChart {
    private static final int SCALE = 2; // pixels per unit of layout, for sharp text
    private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 14);

    private PngChart() {}

    /**
     * Draws on a canvas.
     *
     * @param title stands at {@code left}, {@code baseline}
     * @param body finds ink and font set
     */
    static BufferedImage draw(
            int width,
            int height,
            String title,
            int left,
            int baseline,
            Color ink,
            Font font,
            Consumer<Graphics2D> body) {
        BufferedImage image = new BufferedImage(SCALE * width, SCALE * height, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.scale(SCALE, SCALE);
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, width, height);
            g.setColor(ink);
            g.setFont(TITLE);
            g.drawString(title, left, baseline);
            g.setFont(font);
            body.accept(g);
        } finally {
            g.dispose();
        }
        return image;
    }

    /** Width of a text in units of layout. */
    static int width(String text, Font font) {
        Graphics2D probe = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
        try {
            return probe.getFontMetrics(font).stringWidth(text);
        } finally {
            probe.dispose();
        }
    }

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
