package org.dndllm.train.extractor;

import java.util.Iterator;

/**
 * How often tokens stand near each other, and what follows for their vectors: positive pointwise mutual information, cut to
 * its strongest directions. GloVe (D14-1162) and word2vec factorise such a table too; this way of doing it (O. Levy, Y.
 * Goldberg, I. Dagan, 2015, Q15-1016) has no random start and comes out the same everywhere.
 */
final class Cooccurrences {
    /** Tokens to either side that count as near; a nearer one counts for more, as in GloVe: 1 / distance. */
    private static final int WINDOW = 5;
    /** Softens the counts of contexts, so that rare ones do not stand out (their setting "cds"). */
    private static final double SMOOTHING = 0.75;

    private final double[][] near; // [V][V], symmetric
    private final int first;

    /**
     * @param vocabulary V
     * @param first lowest id that is no special token: those have no neighbours and no vector
     */
    Cooccurrences(int vocabulary, int first) {
        near = new double[vocabulary][vocabulary];
        this.first = first;
    }

    /** Counts texts of token ids to the end. */
    void count(Iterator<int[]> texts) {
        while (texts.hasNext()) {
            int[] ids = texts.next();
            for (int i = 0; i < ids.length; i++) {
                for (int j = Math.max(0, i - WINDOW); j < i; j++) {
                    if (ids[i] >= first && ids[j] >= first) {
                        near[ids[i]][ids[j]] += 1.0 / (i - j);
                        near[ids[j]][ids[i]] += 1.0 / (i - j);
                    }
                }
            }
        }
    }

    /** [V][V]: max(0, log p(a, b) / (p(a) p'(b))) with smoothed p'. */
    double[][] positiveInformation() {
        int size = near.length;
        double[] rows = new double[size];
        double total = 0;
        for (int a = 0; a < size; a++) {
            for (double count : near[a]) {
                rows[a] += count;
            }
            total += rows[a];
        }
        double[] smooth = new double[size];
        double smoothTotal = 0;
        for (int b = 0; b < size; b++) {
            smooth[b] = StrictMath.pow(rows[b], SMOOTHING); // strict: the same bits on every machine
            smoothTotal += smooth[b];
        }
        double[][] information = new double[size][size];
        for (int a = 0; a < size; a++) {
            for (int b = 0; b < size; b++) {
                if (near[a][b] > 0) {
                    double ratio = near[a][b] / rows[a] * smoothTotal / smooth[b];
                    information[a][b] = Math.max(0, StrictMath.log(ratio));
                }
            }
        }
        return information;
    }
}
