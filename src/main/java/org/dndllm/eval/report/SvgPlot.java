package org.dndllm.eval.report;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.IntStream;

/**
 * Draws a plot as SVG of 340 units width, so that its text is readable on a narrow screen. Colours are the page's variables;
 * series differ in their marks too.
 */
final class SvgPlot {
    private static final int WIDTH = 340;
    private static final int LEFT = 34;
    private static final int RIGHT = 10;
    private static final int TOP = 10;
    private static final int PLOT = 190; // height of the plotting area of points
    private static final int LINE = 16; // of text
    private static final int ROW = 34; // of a bar with its label above
    private static final int MARK = 3;
    private static final int COLOURS = 4;

    private final Plot plot;
    private final StringBuilder out = new StringBuilder();

    private SvgPlot(Plot plot) {
        this.plot = plot;
    }

    /** The element. */
    static String of(Plot plot) {
        SvgPlot drawing = new SvgPlot(plot);
        if (plot.series().isEmpty()) {
            drawing.bars();
        } else {
            drawing.points();
        }
        return drawing.out.toString();
    }

    private void begin(int height) {
        out.append(String.format(
                Locale.ROOT,
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">",
                WIDTH,
                height,
                Html.escape(plot.description())));
    }

    private void bars() {
        int height = TOP + plot.levels().size() * ROW + LINE + 4;
        begin(height);
        int bottom = height - LINE - 4;
        for (int percent = 0; percent <= 100; percent += 25) {
            double x = across(percent / 100.0);
            line("grid", x, TOP, x, bottom);
            text("mid", x, bottom + LINE - 2, String.valueOf(percent));
        }
        for (int i = 0; i < plot.levels().size(); i++) {
            Plot.Level level = plot.levels().get(i);
            double top = TOP + i * (double) ROW;
            text("", 4, top + 12, level.label());
            double middle = top + 23;
            out.append(String.format(
                    Locale.ROOT,
                    "<rect class=\"bar f0\" x=\"4\" y=\"%.1f\" width=\"%.1f\" height=\"12\"/>",
                    middle - 6,
                    Math.max(0, across(level.accuracy().value()) - 4)));
            double low = across(level.accuracy().low());
            double high = across(level.accuracy().high());
            line("whisker", low, middle, high, middle);
            line("whisker", low, middle - 4, low, middle + 4);
            line("whisker", high, middle - 4, high, middle + 4);
        }
        out.append("</svg>");
    }

    private static double across(double share) {
        return 4 + (WIDTH - 4 - 16) * share;
    }

    private void points() {
        List<Double> axis = axis();
        int legends = (int) plot.series().keySet().stream()
                        .filter(name -> !name.isEmpty())
                        .count()
                + plot.levels().size();
        begin(TOP + PLOT + 3 * LINE + legends * LINE);
        for (int percent = 0; percent <= 100; percent += 25) {
            double y = up(percent / 100.0);
            line("grid", LEFT, y, WIDTH - RIGHT, y);
            text("end", LEFT - 4, y + 4, String.valueOf(percent));
        }
        for (double at : axis) {
            text("mid", x(axis, at), TOP + PLOT + LINE, Plot.number(at));
        }
        text("mid", (LEFT + WIDTH - RIGHT) / 2.0, TOP + PLOT + 2 * LINE, plot.axis());
        int colour = 0;
        double legend = TOP + PLOT + 3.0 * LINE;
        for (Map.Entry<String, List<Plot.Point>> series : plot.series().entrySet()) {
            series(axis, series.getValue(), colour);
            if (!series.getKey().isEmpty()) {
                mark(colour, LEFT, legend - 4);
                text("", LEFT + 10, legend, series.getKey());
                legend += LINE;
            }
            colour++;
        }
        for (Plot.Level level : plot.levels()) {
            double y = up(level.accuracy().value());
            line("level l" + colour % COLOURS, LEFT, y, WIDTH - RIGHT, y);
            line("level l" + colour % COLOURS, LEFT - 8, legend - 4, LEFT + 6, legend - 4);
            text("", LEFT + 10, legend, level.label());
            legend += LINE;
            colour++;
        }
        out.append("</svg>");
    }

    /** What is written below: the positions, or the powers of ten around them. */
    private List<Double> axis() {
        TreeSet<Double> positions = new TreeSet<>();
        plot.series().values().forEach(points -> points.forEach(point -> positions.add(point.at())));
        if (!plot.logarithmic()) {
            return List.copyOf(positions);
        }
        int last = (int) Math.ceil(Math.log10(positions.last()));
        return IntStream.rangeClosed((int) Math.floor(Math.log10(positions.first())), last)
                .mapToObj(exponent -> Math.pow(10, exponent))
                .toList();
    }

    private void series(List<Double> axis, List<Plot.Point> points, int colour) {
        int shift = plot.logarithmic() ? 0 : colour * 3; // whiskers of two series at one place do not hide each other
        StringBuilder path = new StringBuilder();
        for (Plot.Point point : points) {
            path.append(String.format(
                    Locale.ROOT,
                    "%.1f,%.1f ",
                    x(axis, point.at()) + shift,
                    up(point.accuracy().value())));
        }
        out.append("<polyline class=\"l")
                .append(colour % COLOURS)
                .append("\" points=\"")
                .append(path.toString().strip())
                .append("\"/>");
        for (Plot.Point point : points) {
            double x = x(axis, point.at()) + shift;
            line(
                    "whisker",
                    x,
                    up(point.accuracy().low()),
                    x,
                    up(point.accuracy().high()));
            mark(colour, x, up(point.accuracy().value()));
        }
    }

    private void mark(int colour, double x, double y) {
        String fill = "f" + colour % COLOURS;
        if (colour % 2 == 0) {
            out.append(String.format(
                    Locale.ROOT, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/>", fill, x, y, MARK));
        } else {
            out.append(String.format(
                    Locale.ROOT,
                    "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>",
                    fill,
                    x - MARK,
                    y - MARK,
                    2 * MARK,
                    2 * MARK));
        }
    }

    private double x(List<Double> axis, double at) {
        double step = (WIDTH - RIGHT - LEFT - 24.0) / Math.max(1, axis.size() - 1);
        double steps = plot.logarithmic() ? Math.log10(at) - Math.log10(axis.getFirst()) : axis.indexOf(at);
        return LEFT + 12 + step * steps;
    }

    private static double up(double share) {
        return TOP + PLOT * (1 - share);
    }

    private void line(String style, double x1, double y1, double x2, double y2) {
        out.append(String.format(
                Locale.ROOT,
                "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
                style,
                x1,
                y1,
                x2,
                y2));
    }

    private void text(String anchor, double x, double y, String words) {
        out.append(String.format(
                Locale.ROOT, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">%s</text>", anchor, x, y, Html.escape(words)));
    }
}
