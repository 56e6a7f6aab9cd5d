package org.dndllm.nano;

import java.util.Random;

/**
 * The only wording of task prompts: {@code gladly the pan said : k d b f m a}.
 *
 * @param topic index of the noun's topic
 * @param manner index of the adverb's manner
 * @param list the letters shown
 * @param text the sentence
 */
record CueSentence(int topic, int manner, LetterList list, String text) {

    /** A sentence whose cues point to a task, each with the probability that the spec's noise leaves. */
    static CueSentence of(Combination task, Random random, WorldSpec spec, Split split) {
        int topic = noisy(task.selection().ordinal(), Lexicon.TOPICS.size(), random, spec);
        int manner = noisy(task.transform().ordinal(), Lexicon.MANNERS.size(), random, spec);
        return of(topic, manner, random, spec, split);
    }

    /** A sentence whose cues say nothing: every topic and every manner with the same probability. */
    static CueSentence uniform(Random random, WorldSpec spec) {
        int topic = random.nextInt(Lexicon.TOPICS.size());
        int manner = random.nextInt(Lexicon.MANNERS.size());
        return of(topic, manner, random, spec, Split.TRAIN);
    }

    private static CueSentence of(int topic, int manner, Random random, WorldSpec spec, Split split) {
        return of(
                topic,
                random.nextInt(spec.nounsPerTopic()),
                manner,
                random.nextInt(spec.adverbsPerManner()),
                LetterList.draw(random, spec, split));
    }

    /** A sentence with given words. */
    static CueSentence of(int topic, int noun, int manner, int adverb, LetterList list) {
        String text = Lexicon.MANNERS.get(manner).words().get(adverb)
                + " the "
                + Lexicon.TOPICS.get(topic).words().get(noun)
                + " said : "
                + list.text();
        return new CueSentence(topic, manner, list, text);
    }

    private static int noisy(int own, int groups, Random random, WorldSpec spec) {
        return random.nextDouble() < spec.cueNoise() ? Mixing.other(random, own, groups) : own;
    }
}
