package org.dndllm.nano;

/** What a task makes of the selected letter. Its ordinal is the index of its manner. */
public enum Transform {
    SAME,
    NEXT,
    PREVIOUS,
    UPPER,
    DOUBLED,
    WORD;

    /** The word for it in instructions and task names. */
    public String label() {
        return switch (this) {
            case SAME -> "same";
            case NEXT -> "next";
            case PREVIOUS -> "previous";
            case UPPER -> "upper";
            case DOUBLED -> "doubled";
            case WORD -> "word";
        };
    }

    /** The answer for a letter from a to z; a follows z. */
    String of(char letter) {
        int place = letter - 'a';
        return switch (this) {
            case SAME -> String.valueOf(letter);
            case NEXT -> String.valueOf(letterAt(place + 1));
            case PREVIOUS -> String.valueOf(letterAt(place - 1));
            case UPPER -> String.valueOf((char) ('A' + place));
            case DOUBLED -> letter + " " + letter;
            case WORD -> Lexicon.LETTER_WORDS.get(place);
        };
    }

    private static char letterAt(int place) {
        return Lexicon.ALPHABET.charAt(Math.floorMod(place, Lexicon.ALPHABET.length()));
    }
}
