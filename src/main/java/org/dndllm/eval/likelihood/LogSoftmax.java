package org.dndllm.eval.likelihood;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * What turns the logits of a row into log-probabilities. The largest logit is taken out first, so nothing overflows; sums
 * are doubles, because 150,000 terms in floats would lose four digits.
 *
 * @param top the largest logit
 * @param logSum logarithm of the sum of the exponentials of all logits minus {@code top}; NaN when a logit is NaN or
 *     positive infinity
 */
record LogSoftmax(double top, double logSum) {

    /** @param row logits, [V] float32, read in place */
    static LogSoftmax of(MemorySegment row) {
        long size = row.byteSize() / Float.BYTES;
        float top = Float.NEGATIVE_INFINITY;
        for (long token = 0; token < size; token++) {
            top = Math.max(top, row.getAtIndex(ValueLayout.JAVA_FLOAT, token));
        }
        double sum = 0;
        for (long token = 0; token < size; token++) {
            sum += Math.exp(row.getAtIndex(ValueLayout.JAVA_FLOAT, token) - (double) top);
        }
        return new LogSoftmax(top, Math.log(sum));
    }

    /** Log-probability of a token of that row, in nats. */
    double at(MemorySegment row, int token) {
        return row.getAtIndex(ValueLayout.JAVA_FLOAT, token) - top - logSum;
    }
}
