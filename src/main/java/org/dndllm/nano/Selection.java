package org.dndllm.nano;

/** Which letter of a list a task wants. Its ordinal is the index of its topic. */
public enum Selection {
    FIRST,
    SECOND,
    THIRD,
    FOURTH,
    FIFTH,
    LAST,
    SMALLEST,
    LARGEST;

    /** The word for it in instructions and task names. */
    public String label() {
        return switch (this) {
            case FIRST -> "first";
            case SECOND -> "second";
            case THIRD -> "third";
            case FOURTH -> "fourth";
            case FIFTH -> "fifth";
            case LAST -> "last";
            case SMALLEST -> "smallest";
            case LARGEST -> "largest";
        };
    }

    /** The selected letter; small and large by place in the alphabet. */
    char of(LetterList list) {
        String letters = list.letters();
        return switch (this) {
            case FIRST, SECOND, THIRD, FOURTH, FIFTH -> letters.charAt(ordinal());
            case LAST -> letters.charAt(letters.length() - 1);
            case SMALLEST -> list.sorted().charAt(0);
            case LARGEST -> list.sorted().charAt(letters.length() - 1);
        };
    }
}
