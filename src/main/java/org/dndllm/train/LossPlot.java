package org.dndllm.train;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.Path2D;
import java.awt.image.BufferedImage;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.imageio.ImageIO;
import org.dndllm.EnvironmentException;
import org.dndllm.format.AtomicFile;

/** Losses over the steps of a run as a PNG, on a logarithmic scale: every step, a running mean, and validations as dots. */
public final class LossPlot {
    private static final int SCALE = 2; // pixels per unit of layout, for sharp text
    private static final int WIDTH = 720;
    private static final int HEIGHT = 400;
    private static final int LEFT = 64;
    private static final int RIGHT = 16;
    private static final int TOP = 40;
    private static final int BOTTOM = 40;
    private static final int STEPS_LABELLED = 5;
    /** Share of a new step in the running mean. */
    private static final double FRESH = 0.05;

    private static final int[] MARKS = {1, 2, 5};
    private static final Color GRID = new Color(0xDDDDDD);
    private static final Color EVERY = new Color(0xC3D3E6);
    private static final Color MEAN = new Color(0x2F6FB7);
    private static final Color VALIDATION = new Color(0xC0392B);
    private static final Color INK = new Color(0x222222);
    private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);

    private final List<MetricsHistory.Point> points;
    private final double low; // natural logarithms
    private final double high;

    private LossPlot(MetricsHistory history) {
        points = history.points().stream().filter(point -> point.loss() > 0).toList();
        double least = Double.POSITIVE_INFINITY;
        double most = Double.NEGATIVE_INFINITY;
        for (MetricsHistory.Point point : points) {
            double other = point.validation().orElse(point.loss());
            least = Math.min(least, Math.min(point.loss(), other > 0 ? other : point.loss()));
            most = Math.max(most, Math.max(point.loss(), other));
        }
        low = points.isEmpty() ? -1 : Math.log(least) - 0.05;
        high = points.isEmpty() ? 1 : Math.log(most) + 0.05;
    }

    /**
     * Draws a run's history.
     *
     * @throws EnvironmentException when the file cannot be written, or this Java has no fonts to draw with
     */
    public static void write(Path png, String title, MetricsHistory history) {
        BufferedImage image;
        try {
            image = new LossPlot(history).draw(title);
        } catch (LinkageError | InternalError e) {
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

    private BufferedImage draw(String title) {
        BufferedImage image = new BufferedImage(SCALE * WIDTH, SCALE * HEIGHT, BufferedImage.TYPE_INT_RGB);
        Graphics2D g = image.createGraphics();
        try {
            g.scale(SCALE, SCALE);
            g.setRenderingHint(RenderingHints.KEY_ANTIALIASING, RenderingHints.VALUE_ANTIALIAS_ON);
            g.setRenderingHint(RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
            g.setColor(Color.WHITE);
            g.fillRect(0, 0, WIDTH, HEIGHT);
            g.setFont(TEXT);
            grid(g);
            curves(g);
            g.setColor(INK);
            g.drawString(title + "   loss by step: each, running mean, validation (dots)", LEFT, TOP - 16);
        } finally {
            g.dispose();
        }
        return image;
    }

    private void grid(Graphics2D g) {
        int first = (int) Math.floor(low / Math.log(10));
        int last = (int) Math.ceil(high / Math.log(10));
        for (int power = first; power <= last; power++) {
            for (int mark : MARKS) {
                double value = mark * Math.pow(10, power);
                if (Math.log(value) >= low && Math.log(value) <= high) {
                    int y = (int) y(value);
                    g.setColor(GRID);
                    g.drawLine(LEFT, y, WIDTH - RIGHT, y);
                    g.setColor(INK);
                    String label = String.format(Locale.ROOT, "%.3g", value);
                    g.drawString(label, LEFT - 8 - g.getFontMetrics().stringWidth(label), y + 4);
                }
            }
        }
        long steps = lastStep();
        for (int i = 0; i <= STEPS_LABELLED; i++) {
            long step = steps * i / STEPS_LABELLED;
            String label = Long.toString(step);
            int x = (int) x(step) - g.getFontMetrics().stringWidth(label) / 2;
            g.drawString(
                    label, Math.min(x, WIDTH - RIGHT - g.getFontMetrics().stringWidth(label)), HEIGHT - BOTTOM + 18);
        }
    }

    private void curves(Graphics2D g) {
        Path2D every = new Path2D.Double();
        Path2D mean = new Path2D.Double();
        double running = 0;
        for (int i = 0; i < points.size(); i++) {
            MetricsHistory.Point point = points.get(i);
            running = i == 0 ? point.loss() : running + FRESH * (point.loss() - running);
            if (i == 0) {
                every.moveTo(x(point.step()), y(point.loss()));
                mean.moveTo(x(point.step()), y(running));
            } else {
                every.lineTo(x(point.step()), y(point.loss()));
                mean.lineTo(x(point.step()), y(running));
            }
        }
        g.setColor(EVERY);
        g.draw(every);
        g.setColor(MEAN);
        g.setStroke(new BasicStroke(2));
        g.draw(mean);
        g.setColor(VALIDATION);
        for (MetricsHistory.Point point : points) {
            double validation = point.validation().orElse(0);
            if (validation > 0) {
                g.fillOval((int) x(point.step()) - 3, (int) y(validation) - 3, 6, 6);
            }
        }
    }

    private long lastStep() {
        return points.isEmpty() ? 1 : points.getLast().step();
    }

    private double x(long step) {
        return LEFT + (double) (WIDTH - LEFT - RIGHT) * step / lastStep();
    }

    private double y(double loss) {
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - Math.log(loss)) / (high - low);
    }
}
