package org.dndllm.nano;

import java.util.Random;
import java.util.stream.Collectors;

/**
 * A list of distinct letters.
 *
 * @param letters in the order shown, lower case
 */
record LetterList(String letters) {

    /** A list of a split, each with the same probability. */
    static LetterList draw(Random random, WorldSpec spec, Split split) {
        while (true) {
            LetterList list = draw(random, spec.listLength());
            if (list.split(spec) == split) {
                return list;
            }
        }
    }

    private static LetterList draw(Random random, int length) {
        StringBuilder letters = new StringBuilder(length);
        while (letters.length() < length) {
            String letter = String.valueOf(Lexicon.ALPHABET.charAt(random.nextInt(Lexicon.ALPHABET.length())));
            if (letters.indexOf(letter) < 0) {
                letters.append(letter);
            }
        }
        return new LetterList(letters.toString());
    }

    /** The split of all orders of these letters: a test list is new even to one who learned sets of letters. */
    Split split(WorldSpec spec) {
        return Split.of(sorted(), spec);
    }

    /** The letters in alphabetical order. */
    String sorted() {
        return letters.chars().sorted().mapToObj(Character::toString).collect(Collectors.joining());
    }

    /** As prompts show it: one space between letters. */
    String text() {
        return String.join(" ", letters.split(""));
    }
}
