package org.dndllm.eval.contest;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.benchmark.BenchmarkSet;

/**
 * The questions of a set that are scored.
 *
 * @param set the whole file
 * @param items those drawn, in the file's order
 */
public record ItemSample(BenchmarkSet set, List<BenchmarkItem> items) {
    public ItemSample {
        items = List.copyOf(items);
    }

    /**
     * Draws questions without replacement; all of them when the set has no more.
     *
     * @param count 0 for all
     * @param seed the same seed draws the same questions on every machine
     * @throws InvalidInputException if an item of the set has no answer
     */
    public static ItemSample draw(BenchmarkSet set, int count, long seed) {
        List<BenchmarkItem> all = set.requireLabels().items();
        if (count == 0 || count >= all.size()) {
            return new ItemSample(set, all);
        }
        List<Integer> order =
                new ArrayList<>(IntStream.range(0, all.size()).boxed().toList());
        Collections.shuffle(order, new Random(seed));
        return new ItemSample(
                set, order.subList(0, count).stream().sorted().map(all::get).toList());
    }

    /**
     * The questions that a column judges, in order: likelihood needs options, which in a file with pictures some may have and
     * others not; an answer can be read to all of them.
     */
    public List<BenchmarkItem> judgedBy(ScoreColumn column) {
        return column.isLikelihood()
                ? items.stream().filter(item -> column.judges(item.kind())).toList()
                : items;
    }

    /** What guessing gets right on average of the questions with options, 0 to 1; 0 where there is nothing to choose from. */
    public double chance() {
        return judgedBy(ScoreColumn.LIKELIHOOD).stream()
                .mapToDouble(item -> 1.0 / item.choices().size())
                .average()
                .orElse(0);
    }
}
