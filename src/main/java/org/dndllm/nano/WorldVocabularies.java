package org.dndllm.nano;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.dndllm.synth.SyntheticVocabulary;
import org.dndllm.synth.WordPieceVocabulary;

/** Vocabularies in which every word of the world is one token. */
final class WorldVocabularies {
    private static final int SENTENCES = 4000;
    private static final int OUTSIDE_ITEMS = 200;
    private static final int WORD_WEIGHT = 60;
    /** Qwen2 takes a line break that follows punctuation into its piece, which never happens inside a turn: so not here. */
    private static final String END = " \n";
    /** ChatML's role names, so that the frame of a turn stays short. */
    private static final String ROLES = "user\nassistant\nsystem\nuser\nassistant\nsystem\n";

    private WorldVocabularies() {}

    /** Learned from base model documents and outside items, in the form in which they occur: answers without a space. */
    static SyntheticVocabulary bpe(NanoWorld world) {
        StringBuilder text = new StringBuilder(ROLES);
        for (int i = 0; i < SENTENCES; i++) {
            world.baseDocument(i).forEach(turn -> append(text, turn));
        }
        outside(world).forEach(turn -> append(text, turn));
        return SyntheticVocabulary.train(text.toString(), world.spec().bpeTokens());
    }

    /** Made from the distinct words of all text, each weighted so that no part of a word comes before a whole word. */
    static List<String> wordPieces(NanoWorld world) {
        Set<String> words = new TreeSet<>();
        for (int i = 0; i < SENTENCES; i++) {
            words.addAll(List.of(world.encoderSentence(i).split(" ")));
            // Answers are read too where a condition holds them.
            world.baseDocument(i)
                    .forEach(turn -> words.addAll(List.of(turn.response().split(" "))));
        }
        outside(world).forEach(turn -> words.addAll(List.of(turn.prompt().split(" "))));
        // Of numbers the digits are enough.
        words.removeIf(word -> word.length() > 1 && Character.isDigit(word.charAt(0)));
        List<String> corpus = new ArrayList<>();
        for (String word : words) {
            // The weight of a piece is its count times its length; short words must not fall behind long words' ends.
            corpus.add((word + " ").repeat(1 + WORD_WEIGHT / word.length()));
        }
        return WordPieceVocabulary.of(corpus, world.spec().wordPieces());
    }

    private static List<Turn> outside(NanoWorld world) {
        List<Turn> turns = new ArrayList<>();
        for (WorldTask task : world.tasks(Role.OUTSIDE)) {
            List<Turn> items = world.items(task, Split.TRAIN);
            turns.addAll(items.subList(0, Math.min(OUTSIDE_ITEMS, items.size())));
        }
        return turns;
    }

    private static void append(StringBuilder text, Turn turn) {
        text.append(turn.prompt()).append(END).append(turn.response()).append(END);
    }
}
