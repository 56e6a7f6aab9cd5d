package org.dndllm.nano;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/**
 * Sentences from which the encoder learns which nouns belong to one topic and which adverbs to one manner. Nothing here
 * joins a cue to a rule: cue sentences have uniform cues and no answers, instructions have no cues. Lists are training
 * lists. Immutable.
 */
final class EncoderText {
    private static final double TOPIC = 0.2;
    private static final double MANNER = 0.2;
    private static final double CUE = 0.3;
    private static final double INSTRUCTION = 0.15;

    private static final List<String> SPEAKERS = List.of("she", "he", "we", "they");
    private static final List<String> VERBS = List.of("spoke", "worked", "walked", "answered");

    private final WorldSpec spec;

    EncoderText(WorldSpec spec) {
        this.spec = spec;
    }

    /** One sentence for masked-language modelling; a function of seed and index. */
    String sentence(long index) {
        Random random = Mixing.random(spec.seed(), "encoder", index);
        double kind = random.nextDouble();
        if (kind < TOPIC) {
            return topic(random);
        }
        if (kind < TOPIC + MANNER) {
            return manner(random);
        }
        if (kind < TOPIC + MANNER + CUE) {
            return CueSentence.uniform(random, spec).text();
        }
        if (kind < TOPIC + MANNER + CUE + INSTRUCTION) {
            LetterList list = LetterList.draw(random, spec, Split.TRAIN);
            return Combination.draw(random).instruction() + " : " + list.text();
        }
        return general(random);
    }

    /** One pair of cue sentences; a function of seed and index. Which words are shared is drawn with equal probability. */
    ContrastivePair pair(long index) {
        Random random = Mixing.random(spec.seed(), "pair", index);
        int shared = random.nextInt(3); // 0 topic, 1 manner, 2 both
        int topic = random.nextInt(Lexicon.TOPICS.size());
        int manner = random.nextInt(Lexicon.MANNERS.size());
        int otherTopic = shared == 1 ? Mixing.other(random, topic, Lexicon.TOPICS.size()) : topic;
        int otherManner = shared == 0 ? Mixing.other(random, manner, Lexicon.MANNERS.size()) : manner;
        int noun = random.nextInt(spec.nounsPerTopic());
        int adverb = random.nextInt(spec.adverbsPerManner());
        // Other words of the same group: the pair teaches that they belong together.
        int otherNoun = Mixing.other(random, noun, spec.nounsPerTopic());
        int otherAdverb = Mixing.other(random, adverb, spec.adverbsPerManner());
        return new ContrastivePair(
                sentence(topic, noun, manner, adverb, random),
                sentence(otherTopic, otherNoun, otherManner, otherAdverb, random),
                topic,
                manner,
                otherTopic,
                otherManner);
    }

    private String sentence(int topic, int noun, int manner, int adverb, Random random) {
        return CueSentence.of(topic, noun, manner, adverb, LetterList.draw(random, spec, Split.TRAIN))
                .text();
    }

    private String topic(Random random) {
        Lexicon.Group topic = Mixing.pick(random, Lexicon.TOPICS);
        List<String> nouns = shuffled(random, topic.words().subList(0, spec.nounsPerTopic()));
        return switch (random.nextInt(3)) {
            case 0 -> "the " + nouns.get(0) + " and the " + nouns.get(1) + " belong to the " + topic.label() + " .";
            case 1 ->
                "think of the " + topic.label() + " and you think of a " + nouns.get(0) + " or a " + nouns.get(1)
                        + " .";
            default -> "where there is a " + nouns.get(0) + " there may be a " + nouns.get(1) + " .";
        };
    }

    private String manner(Random random) {
        Lexicon.Group manner = Mixing.pick(random, Lexicon.MANNERS);
        List<String> adverbs = shuffled(random, manner.words().subList(0, spec.adverbsPerManner()));
        String start = Mixing.pick(random, SPEAKERS) + " " + Mixing.pick(random, VERBS) + " ";
        return switch (random.nextInt(3)) {
            case 0 -> start + adverbs.get(0) + " and " + adverbs.get(1) + " .";
            case 1 -> start + adverbs.get(0) + " , that is , in a " + manner.label() + " way .";
            default -> "when one is " + manner.label() + " one acts " + adverbs.get(0) + " or " + adverbs.get(1) + " .";
        };
    }

    /** The words of the outside family in statements, so that the encoder knows them without having seen its tasks. */
    private static String general(Random random) {
        String thing = Mixing.pick(random, OutsideTask.THINGS);
        String colour = Mixing.pick(random, OutsideTask.COLOURS);
        int a = 1 + random.nextInt(99);
        int b = 1 + random.nextInt(99);
        return switch (random.nextInt(6)) {
            case 0 -> "my " + thing + " is " + colour + " .";
            case 1 -> "what colour is your " + thing + " ? it is " + colour + " .";
            case 2 -> "the number " + a + " is bigger than the number " + b + " , or it is not .";
            case 3 -> "you may count how many digits are here .";
            case 4 -> "which of these is plus , which is not ?";
            default -> "turn around , the " + thing + " is " + colour + " .";
        };
    }

    private static List<String> shuffled(Random random, List<String> words) {
        List<String> shuffled = new ArrayList<>(words);
        Collections.shuffle(shuffled, random);
        return shuffled;
    }
}
