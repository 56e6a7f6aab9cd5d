package org.dndllm.eval;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.dndllm.EnvironmentException;

/** A square table of cosines as colours, as a PNG: blue for 1, white for 0, red for -1. Few rows show their numbers too. */
public final class HeatMap {
    private static final int TOP = 44;
    private static final int GAP = 10;
    private static final int BAR = 60;
    private static final int ROOM = 640; // for the cells of a large table
    private static final int LARGEST_CELL = 40;
    private static final int SMALLEST_CELL = 12;
    private static final int NUMBERS_FROM = 30; // cells that have room for a number

    private static final Color INK = new Color(0x222222);
    private static final Color POSITIVE = new Color(0x2F6FB7);
    private static final Color NEGATIVE = new Color(0xB7472F);
    private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 11);

    private final String title;
    private final List<String> names;
    private final double[][] values;
    private final int cell;
    private final int left;

    private HeatMap(String title, List<String> names, double[][] values) {
        this.title = title;
        this.names = List.copyOf(names);
        this.values = values;
        cell = Math.clamp(ROOM / Math.max(1, names.size()), SMALLEST_CELL, LARGEST_CELL);
        left = GAP + names.stream().mapToInt(HeatMap::width).max().orElse(0) + GAP;
    }

    /**
     * Writes a chart.
     *
     * @param names of rows and columns
     * @param values [names][names], -1 to 1
     * @throws EnvironmentException if the file cannot be written, or this Java has no fonts to draw with
     */
    public static void write(Path png, String title, List<String> names, double[][] values) {
        PngChart.write(png, () -> new HeatMap(title, names, values).draw());
    }

    private static int width(String text) {
        return PngChart.width(text, TEXT);
    }

    private BufferedImage draw() {
        int side = names.size() * cell;
        int width = left + side + BAR + 2 * GAP;
        int height = TOP + side + left; // column labels hang below, as long as row labels
        return PngChart.draw(width, height, title, GAP, TOP - 20, INK, TEXT, g -> {
            for (int row = 0; row < names.size(); row++) {
                row(g, row);
            }
            columnLabels(g, TOP + side + GAP);
            legend(g, left + side + GAP);
        });
    }

    private void row(Graphics2D g, int row) {
        int top = TOP + row * cell;
        int base = top + (cell + g.getFontMetrics().getAscent()) / 2 - 1;
        g.setColor(INK);
        g.drawString(names.get(row), left - GAP / 2 - g.getFontMetrics().stringWidth(names.get(row)), base);
        for (int column = 0; column < names.size(); column++) {
            double value = values[row][column];
            int x = left + column * cell;
            g.setColor(colour(value));
            g.fillRect(x, top, cell, cell);
            if (cell >= NUMBERS_FROM) {
                String text = String.format(Locale.ROOT, "%.2f", value);
                g.setColor(Math.abs(value) > 0.6 ? Color.WHITE : INK);
                g.drawString(text, x + (cell - g.getFontMetrics().stringWidth(text)) / 2, base);
            }
        }
    }

    private void columnLabels(Graphics2D g, int top) {
        for (int column = 0; column < names.size(); column++) {
            Graphics2D turned = (Graphics2D) g.create();
            try {
                int middle =
                        left + column * cell + (cell + turned.getFontMetrics().getAscent()) / 2 - 1;
                turned.translate(middle, top + width(names.get(column)));
                turned.rotate(-Math.PI / 2);
                turned.setColor(INK);
                turned.drawString(names.get(column), GAP / 2, 0);
            } finally {
                turned.dispose();
            }
        }
    }

    /** Colours of 1, 0.5 ... -1. */
    private static void legend(Graphics2D g, int x) {
        for (int step = 0; step <= 4; step++) {
            double value = 1 - step / 2.0;
            int y = TOP + step * 18;
            g.setColor(colour(value));
            g.fillRect(x, y, 14, 18);
            g.setColor(INK);
            g.drawRect(x, y, 14, 18);
            g.drawString(String.format(Locale.ROOT, "%.1f", value), x + 20, y + 13);
        }
    }

    private static Color colour(double value) {
        Color full = value < 0 ? NEGATIVE : POSITIVE;
        double share = Math.min(1, Math.abs(value));
        return new Color(mix(full.getRed(), share), mix(full.getGreen(), share), mix(full.getBlue(), share));
    }

    private static int mix(int channel, double share) {
        return (int) Math.round(255 + (channel - 255) * share);
    }
}
