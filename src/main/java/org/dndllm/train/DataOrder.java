package org.dndllm.train;

import java.util.Random;

/**
 * Which example comes when: every pass over the data is a shuffle of its own. A pure function of seed and position, so a
 * resumed run needs no memory of the runs before it. Used by one thread at a time.
 */
public final class DataOrder {
    private final long seed;
    private final int[] order;
    private long pass = -1;

    /** @param size number of examples, at least 1 */
    public DataOrder(int size, long seed) {
        if (size < 1) {
            throw new IllegalArgumentException("size " + size);
        }
        this.seed = seed;
        order = new int[size];
    }

    /** Index of the example at a position of the endless sequence. */
    public int at(long position) {
        long wanted = Math.floorDiv(position, order.length);
        if (wanted != pass) {
            shuffle(wanted);
        }
        return order[(int) Math.floorMod(position, (long) order.length)];
    }

    private void shuffle(long wanted) {
        Random random = new Random(Seeds.mix(seed, wanted));
        for (int i = 0; i < order.length; i++) {
            int other = random.nextInt(i + 1); // inside-out Fisher-Yates
            order[i] = order[other];
            order[other] = i;
        }
        pass = wanted;
    }
}
