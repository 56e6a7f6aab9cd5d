package org.dndllm.serve.schedule;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/** Reads one row of logits, [V] float32, in place. */
final class Logits {
    private Logits() {}

    /** Whether every one of them is a number. */
    static boolean areFinite(MemorySegment row) {
        for (int token = 0; token < size(row); token++) {
            if (!Float.isFinite(at(row, token))) {
                return false;
            }
        }
        return true;
    }

    /** Log-probability of a token and of the likeliest {@code alternatives}. */
    static TokenLogprob of(MemorySegment row, int token, int alternatives) {
        double top = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < size(row); i++) {
            top = Math.max(top, at(row, i));
        }
        double sum = 0;
        for (int i = 0; i < size(row); i++) {
            sum += Math.exp(at(row, i) - top);
        }
        double norm = top + Math.log(sum);
        List<TokenLogprob.Alternative> best = best(row, alternatives).stream()
                .map(i -> new TokenLogprob.Alternative(i, at(row, i) - norm))
                .toList();
        return new TokenLogprob(token, at(row, token) - norm, best);
    }

    /** The tokens with the highest logits, best first; the lower id among equals. */
    private static List<Integer> best(MemorySegment row, int count) {
        List<Integer> best = new ArrayList<>(count + 1);
        if (count == 0) {
            return best;
        }
        for (int token = 0; token < size(row); token++) {
            float logit = at(row, token);
            if (best.size() == count && logit <= at(row, best.getLast())) {
                continue;
            }
            int place = best.size();
            while (place > 0 && logit > at(row, best.get(place - 1))) {
                place--;
            }
            best.add(place, token);
            if (best.size() > count) {
                best.removeLast();
            }
        }
        return best;
    }

    private static int size(MemorySegment row) {
        return (int) (row.byteSize() / Float.BYTES);
    }

    private static float at(MemorySegment row, int token) {
        return row.getAtIndex(ValueLayout.JAVA_FLOAT, token);
    }
}
