package org.dndllm.train.encoder;

import java.util.List;

/** Endless tokenised text for an encoder; pure functions of the index. Ids include [CLS] and [SEP]. */
public interface EncoderText {
    /** A text for masked-language modelling. */
    int[] sentence(long index);

    /** Two texts that belong together. */
    Pair pair(long index);

    /**
     * Two texts and the groups that each is in, one of every kind (a topic and a manner, say).
     *
     * @param first ids
     * @param second ids
     * @param firstGroups numbers of the first text's groups
     * @param secondGroups those of the second's, in the same order of kinds
     */
    @SuppressWarnings("ArrayRecordComponent") // ids on the way from tokenizer to tensor
    record Pair(int[] first, int[] second, List<Integer> firstGroups, List<Integer> secondGroups) {
        public Pair {
            firstGroups = List.copyOf(firstGroups);
            secondGroups = List.copyOf(secondGroups);
        }

        /** How many groups the first text shares with another pair's second. */
        int shared(Pair other) {
            int shared = 0;
            for (int kind = 0; kind < firstGroups.size(); kind++) {
                shared += firstGroups.get(kind).equals(other.secondGroups.get(kind)) ? 1 : 0;
            }
            return shared;
        }
    }
}
