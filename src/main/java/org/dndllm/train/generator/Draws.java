package org.dndllm.train.generator;

import java.util.Random;

/** Random choices as functions of a seed. */
final class Draws {
    private Draws() {}

    /**
     * Different numbers below {@code size}, in random order.
     *
     * @param count at most {@code size}
     */
    static int[] distinct(int size, int count, long seed) {
        Random random = new Random(seed);
        int[] numbers = new int[size];
        for (int i = 0; i < size; i++) {
            numbers[i] = i;
        }
        for (int i = 0; i < count; i++) { // the beginning of a Fisher-Yates shuffle
            int other = i + random.nextInt(size - i);
            int drawn = numbers[other];
            numbers[other] = numbers[i];
            numbers[i] = drawn;
        }
        return java.util.Arrays.copyOf(numbers, count);
    }
}
