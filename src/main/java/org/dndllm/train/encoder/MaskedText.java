package org.dndllm.train.encoder;

import java.util.Random;
import java.util.stream.IntStream;

/**
 * A text with some of its tokens hidden (arXiv 1810.04805 §3.1): of the chosen ones most become [MASK], some another token,
 * some stay.
 *
 * @param ids as the encoder sees them
 * @param places positions that it must name
 * @param targets what was there
 */
@SuppressWarnings("ArrayRecordComponent") // ids on the way from tokenizer to tensor
record MaskedText(int[] ids, int[] places, int[] targets) {
    private static final double CHOSEN = 0.15;
    private static final double HIDDEN = 0.8;
    private static final double REPLACED = 0.1;

    /**
     * @param text ids with [CLS] and [SEP], which are never chosen; at least one token between them
     * @param firstWord lowest id that is no special token
     */
    static MaskedText of(int[] text, int maskId, int firstWord, int vocabulary, Random random) {
        int[] ids = text.clone();
        // A text of which nothing is chosen would teach nothing.
        int sure = 1 + random.nextInt(text.length - 2);
        IntStream.Builder places = IntStream.builder();
        for (int i = 1; i < text.length - 1; i++) {
            if (i == sure || random.nextDouble() < CHOSEN) {
                places.add(i);
                double fate = random.nextDouble();
                if (fate < HIDDEN) {
                    ids[i] = maskId;
                } else if (fate < HIDDEN + REPLACED) {
                    ids[i] = firstWord + random.nextInt(vocabulary - firstWord);
                }
            }
        }
        int[] chosen = places.build().toArray();
        int[] targets = new int[chosen.length];
        for (int i = 0; i < chosen.length; i++) {
            targets[i] = text[chosen[i]];
        }
        return new MaskedText(ids, chosen, targets);
    }
}
