package org.dndllm.nano;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import org.dndllm.InvalidInputException;

/** Fewer training tasks, for the question how many a generator needs. */
final class TaskSubsets {
    /**
     * Topics of {@link #narrow}. No 4 x 4 block of the grid is free of unseen cells; these rows come nearest: 14 of their
     * 16 training cells lie in 4 columns.
     */
    private static final Set<Selection> NARROW =
            Set.of(Selection.FIRST, Selection.SECOND, Selection.FOURTH, Selection.SMALLEST);

    private TaskSubsets() {}

    /** All training combinations, ordered so that every prefix uses rows, then columns, as evenly as it can. */
    static List<Combination> balancedOrder() {
        List<Combination> left = new ArrayList<>(Combination.all());
        left.removeIf(combination -> combination.role() != Role.TRAIN);
        List<Combination> order = new ArrayList<>(left.size());
        while (!left.isEmpty()) {
            // List order breaks ties, so the result is always the same.
            Combination next = left.stream()
                    .min(Comparator.comparingLong((Combination c) -> count(order, c.selection()))
                            .thenComparingLong(c -> count(order, c.transform())))
                    .orElseThrow();
            order.add(next);
            left.remove(next);
        }
        return order;
    }

    /** The first of {@link #balancedOrder}: smaller subsets are parts of larger ones. */
    static List<Combination> balanced(int size) {
        List<Combination> order = balancedOrder();
        if (size < 1 || size > order.size()) {
            throw new InvalidInputException(
                    "<world>", "size", "is " + size + ", expected 1 to " + order.size() + " training tasks");
        }
        return order.subList(0, size);
    }

    /** 16 training combinations of only four topics. */
    static List<Combination> narrow() {
        return Combination.all().stream()
                .filter(c -> c.role() == Role.TRAIN && NARROW.contains(c.selection()))
                .toList();
    }

    private static long count(List<Combination> among, Selection selection) {
        return among.stream().filter(c -> c.selection() == selection).count();
    }

    private static long count(List<Combination> among, Transform transform) {
        return among.stream().filter(c -> c.transform() == transform).count();
    }
}
