package org.dndllm.eval;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;

/**
 * Generators that learned from pools of prompts, by the size of the pool: those that read a whole pool at a time beside
 * those that read a few prompts drawn from it (arXiv 2506.16406 Figure 4a).
 *
 * @param drawn how many these are
 * @param generators in any order; one whose pool holds no more than that belongs to both series
 */
public record PoolTable(int drawn, List<Generator> generators) {
    private static final Comparator<OptionalInt> BY_SIZE =
            Comparator.comparingInt(pool -> pool.orElse(Integer.MAX_VALUE)); // all prompts come last

    /**
     * A generator.
     *
     * @param prompts that it reads at a time
     * @param pool prompts of each training task; empty for all that there are
     */
    public record Generator(int prompts, OptionalInt pool, ReportScores scores, TrainingCost cost) {
        private boolean whole() {
            return pool.isPresent() && pool.getAsInt() == prompts;
        }
    }

    public PoolTable {
        generators = List.copyOf(generators);
    }

    /** Sizes as rows, both series as columns. */
    public ReportTable table() {
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of(
                "pool x of training prompts",
                "x of x, %",
                "95 % interval",
                "MB of training",
                drawn + " of x, %",
                "95 % interval",
                "MB of training"));
        List<OptionalInt> pools = generators.stream()
                .map(Generator::pool)
                .distinct()
                .sorted(BY_SIZE)
                .toList();
        for (OptionalInt pool : pools) {
            List<String> line = new ArrayList<>();
            line.add(pool.isPresent() ? String.valueOf(pool.getAsInt()) : "all");
            line.addAll(side(pool, Generator::whole));
            line.addAll(side(pool, generator -> generator.prompts() == drawn));
            lines.add(line);
        }
        return new ReportTable(lines);
    }

    private List<String> side(OptionalInt pool, Predicate<Generator> series) {
        Optional<Generator> generator = generators.stream()
                .filter(each -> each.pool().equals(pool))
                .filter(series)
                .findFirst();
        Optional<Estimate> accuracy = generator.flatMap(each -> each.scores().accuracy(Control.GENERATED));
        return List.of(
                ReportTable.value(accuracy, "%.1f"),
                ReportTable.interval(accuracy, "%.1f"),
                generator.map(each -> each.cost().megabytesText()).orElse("-"));
    }
}
