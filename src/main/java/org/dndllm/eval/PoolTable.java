package org.dndllm.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Generators that learned from pools of prompts, by the size of the pool: those that read a whole pool at a time beside
 * those that read a few prompts drawn from it (arXiv 2506.16406 Figure 4a).
 *
 * @param drawn how many these are
 * @param generators in any order; one whose pool holds no more than that belongs to both series
 */
public record PoolTable(int drawn, List<Generator> generators) {
    /**
     * A generator.
     *
     * @param prompts that it reads at a time
     * @param pool prompts of each training task
     */
    public record Generator(int prompts, int pool, ReportScores scores, TrainingCost cost) {}

    public PoolTable {
        generators = List.copyOf(generators);
    }

    /** Sizes as rows, both series as columns. */
    public ReportTable table() {
        Map<Integer, Generator> whole = new TreeMap<>();
        Map<Integer, Generator> few = new TreeMap<>();
        for (Generator generator : generators) {
            if (generator.prompts() == generator.pool()) {
                whole.put(generator.pool(), generator);
            }
            if (generator.prompts() == drawn) {
                few.put(generator.pool(), generator);
            }
        }
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of(
                "pool x of training prompts",
                "x of x, %",
                "95 % interval",
                "MB of training",
                drawn + " of x, %",
                "95 % interval",
                "MB of training"));
        generators.stream().map(Generator::pool).sorted().distinct().forEach(pool -> {
            List<String> line = new ArrayList<>(List.of(String.valueOf(pool)));
            line.addAll(side(Optional.ofNullable(whole.get(pool))));
            line.addAll(side(Optional.ofNullable(few.get(pool))));
            lines.add(line);
        });
        return new ReportTable(lines);
    }

    private static List<String> side(Optional<Generator> generator) {
        Optional<Estimate> accuracy = generator.flatMap(each -> each.scores().accuracy(Control.GENERATED));
        return List.of(
                ReportTable.value(accuracy, "%.1f"),
                ReportTable.interval(accuracy, "%.1f"),
                generator.map(each -> each.cost().megabytesText()).orElse("-"));
    }
}
