package org.dndllm.train;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Examples of a batch by length. */
final class LengthGroups {
    /** The longest of a group is at most this many times as long as its shortest; more groups cost more calls. */
    private static final double SPREAD = 1.5;

    private LengthGroups() {}

    /** All examples, the shortest group first; the order of equally long ones stays. */
    static List<List<Example>> of(List<Example> examples) {
        List<Example> sorted = new ArrayList<>(examples);
        sorted.sort(Comparator.comparingInt(Example::length));
        List<List<Example>> groups = new ArrayList<>();
        int begin = 0;
        for (int i = 1; i <= sorted.size(); i++) {
            if (i == sorted.size()
                    || sorted.get(i).length() > SPREAD * sorted.get(begin).length()) {
                groups.add(sorted.subList(begin, i));
                begin = i;
            }
        }
        return groups;
    }
}
