package org.dndllm.train;

import java.util.Arrays;

/**
 * A token sequence and which of its tokens the model is to learn.
 *
 * @param tokens prompt and answer
 * @param answer for each token, whether predicting it counts; that of the first token never does
 */
@SuppressWarnings("ArrayRecordComponent") // copied once here; millions of tokens as boxed lists would not fit
public record Example(int[] tokens, boolean[] answer) {
    public Example {
        if (tokens.length != answer.length || tokens.length < 2) {
            throw new IllegalArgumentException(tokens.length + " tokens, " + answer.length + " marks");
        }
        tokens = tokens.clone();
        answer = answer.clone();
    }

    /** A prompt with its answer; all of the answer counts. */
    public static Example of(int[] prompt, int[] answer) {
        int[] tokens = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, tokens, prompt.length, answer.length);
        boolean[] marks = new boolean[tokens.length];
        Arrays.fill(marks, prompt.length, tokens.length, true);
        return new Example(tokens, marks);
    }

    /** A text of which every token counts. */
    public static Example of(int[] text) {
        boolean[] marks = new boolean[text.length];
        Arrays.fill(marks, true);
        return new Example(text, marks);
    }

    int length() {
        return tokens.length;
    }
}
