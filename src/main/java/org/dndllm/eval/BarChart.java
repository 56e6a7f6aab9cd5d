package org.dndllm.eval;

import java.awt.BasicStroke;
import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.dndllm.EnvironmentException;

/**
 * Accuracies as horizontal bars with 95 % intervals, as a PNG. Drawn with Java2D because intervals of proportions are not
 * symmetric, and the error bars of XChart, the library that would otherwise do, are.
 */
public final class BarChart {
    private static final int PLOT = 460;
    private static final int ROW = 26;
    private static final int BAR = 16;
    private static final int TOP = 44;
    private static final int BOTTOM = 34;
    private static final int GAP = 10;
    private static final int VALUE = 150;
    private static final int WHISKER = 4;

    private static final Color GRID = new Color(0xDDDDDD);
    private static final Color PLAIN = new Color(0x9AA5B1);
    private static final Color STRONG = new Color(0x2F6FB7);
    private static final Color INK = new Color(0x222222);
    private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);

    private final String title;
    private final List<Bar> bars;
    private final int left;

    /**
     * A bar.
     *
     * @param label beside it
     * @param accuracy 0 to 1; empty: the words "not measured" stand there
     * @param strong whether it is the one that the chart is about
     */
    public record Bar(String label, Optional<Estimate> accuracy, boolean strong) {}

    private BarChart(String title, List<Bar> bars) {
        this.title = title;
        this.bars = List.copyOf(bars);
        left = GAP
                + this.bars.stream().mapToInt(bar -> width(bar.label())).max().orElse(0)
                + GAP;
    }

    /** The rows of a summary as bars. */
    public static List<Bar> bars(Summary summary) {
        return summary.rows().stream()
                .map(row -> new Bar(row.control().title(), row.accuracy(), row.control() == Control.GENERATED))
                .toList();
    }

    /**
     * Writes a chart.
     *
     * @throws EnvironmentException if the file cannot be written, or this Java has no fonts to draw with
     */
    public static void write(Path png, String title, List<Bar> bars) {
        PngChart.write(png, () -> new BarChart(title, bars).draw());
    }

    private static int width(String text) {
        return PngChart.width(text, TEXT);
    }

    private BufferedImage draw() {
        int width = left + PLOT + VALUE;
        int height = TOP + bars.size() * ROW + BOTTOM;
        return PngChart.draw(width, height, title, GAP, TOP - 20, INK, TEXT, g -> {
            grid(g, height - BOTTOM);
            for (int i = 0; i < bars.size(); i++) {
                bar(g, bars.get(i), TOP + i * ROW);
            }
        });
    }

    private void grid(Graphics2D g, int bottom) {
        for (int percent = 0; percent <= 100; percent += 20) {
            int x = x(percent / 100.0);
            g.setColor(GRID);
            g.drawLine(x, TOP, x, bottom);
            g.setColor(INK);
            String label = percent + " %";
            g.drawString(label, x - g.getFontMetrics().stringWidth(label) / 2, bottom + 18);
        }
    }

    private void bar(Graphics2D g, Bar bar, int top) {
        FontMetrics metrics = g.getFontMetrics();
        int middle = top + ROW / 2;
        int baseline = middle + (metrics.getAscent() - metrics.getDescent()) / 2;
        g.setColor(INK);
        g.drawString(bar.label(), left - GAP - metrics.stringWidth(bar.label()), baseline);
        if (bar.accuracy().isEmpty()) {
            g.drawString("not measured", left + GAP, baseline);
            return;
        }
        Estimate accuracy = bar.accuracy().get();
        g.setColor(bar.strong() ? STRONG : PLAIN);
        g.fillRect(left, middle - BAR / 2, x(accuracy.value()) - left, BAR);
        g.setColor(INK);
        g.setStroke(new BasicStroke(1.2f));
        int low = x(accuracy.low());
        int high = x(accuracy.high());
        g.drawLine(low, middle, high, middle);
        g.drawLine(low, middle - WHISKER, low, middle + WHISKER);
        g.drawLine(high, middle - WHISKER, high, middle + WHISKER);
        String value = String.format(
                Locale.ROOT, "%.1f [%.1f, %.1f]", 100 * accuracy.value(), 100 * accuracy.low(), 100 * accuracy.high());
        g.drawString(value, left + PLOT + GAP, baseline);
    }

    private int x(double share) {
        return left + (int) Math.round(PLOT * share);
    }
}
