package org.dndllm.train.encoder;

import java.util.List;

/**
 * Ids with a meaning of their own.
 *
 * @param pad fills rows
 * @param mask hides a word
 * @param firstWord lowest id that is no special token
 */
public record SpecialIds(int pad, int mask, int firstWord) {
    /** Those of a BERT vocabulary in id order, with [PAD] and [MASK]; special tokens stand first, in brackets. */
    public static SpecialIds of(List<String> vocabulary) {
        int first = 0;
        while (vocabulary.get(first).startsWith("[") && vocabulary.get(first).length() > 1) {
            first++;
        }
        return new SpecialIds(vocabulary.indexOf("[PAD]"), vocabulary.indexOf("[MASK]"), first);
    }
}
