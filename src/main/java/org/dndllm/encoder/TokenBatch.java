package org.dndllm.encoder;

import java.util.Arrays;

/**
 * Token ids of N texts padded to L positions, as the encoder graph takes them.
 *
 * @param texts N
 * @param length L
 * @param ids [N, L] row-major, int64 because the graph's input is
 * @param mask [N, L] row-major, 1 = real token, 0 = padding
 */
public record TokenBatch(int texts, int length, long[] ids, long[] mask) {
    static TokenBatch padded(int texts, int length, int padId) {
        long[] ids = new long[Math.multiplyExact(texts, length)];
        Arrays.fill(ids, padId);
        return new TokenBatch(texts, length, ids, new long[ids.length]);
    }

    /** Fills row {@code n} from the left. */
    void put(int n, int[] row) {
        int start = n * length;
        for (int l = 0; l < row.length; l++) {
            ids[start + l] = row[l];
            mask[start + l] = 1;
        }
    }

    /** The number of real tokens of text {@code n}, [CLS] and [SEP] included. */
    public int tokenCount(int n) {
        int count = 0;
        for (int l = 0; l < length; l++) {
            count += (int) mask[n * length + l];
        }
        return count;
    }

    /** The mask as booleans, [N, L] row-major. */
    boolean[] realTokens() {
        boolean[] real = new boolean[mask.length];
        for (int i = 0; i < real.length; i++) {
            real[i] = mask[i] == 1;
        }
        return real;
    }
}
