package org.dndllm.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.dndllm.engine.PromptSet;

/**
 * Prompts that ask for nothing: sentences of invented words. An adapter from them shows how much of an effect comes
 * without any condition at all.
 */
public final class JunkPrompts {
    private static final String[] ONSETS = {"b", "dr", "f", "gl", "k", "m", "n", "pl", "r", "st", "thr", "v", "z"};
    private static final String[] VOWELS = {"a", "e", "i", "o", "u", "oo", "ai"};
    private static final String[] ENDS = {"b", "ck", "ft", "l", "m", "nd", "p", "rn", "sh", "x", ""};

    private JunkPrompts() {}

    /** {@code count} sentences; the same seed gives the same ones. */
    public static PromptSet of(int count, long seed) {
        Random random = new Random(seed);
        List<String> prompts = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            StringBuilder sentence = new StringBuilder();
            int words = 4 + random.nextInt(7);
            for (int word = 0; word < words; word++) {
                sentence.append(word == 0 ? "" : " ");
                int syllables = 1 + random.nextInt(3);
                for (int syllable = 0; syllable < syllables; syllable++) {
                    sentence.append(pick(ONSETS, random)).append(pick(VOWELS, random));
                }
                sentence.append(pick(ENDS, random));
            }
            prompts.add(sentence.append('.').toString());
        }
        return new PromptSet("<junk>", prompts);
    }

    private static String pick(String[] from, Random random) {
        return from[random.nextInt(from.length)];
    }
}
