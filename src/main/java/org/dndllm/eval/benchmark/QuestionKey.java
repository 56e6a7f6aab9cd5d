package org.dndllm.eval.benchmark;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.dndllm.llama.VisionProjector;

/**
 * By which a question is known again in another file: its words and its options' words, without case, punctuation and the
 * instruction behind the options (OBQA's splits differ in theirs).
 */
final class QuestionKey {
    /** The place of an image, here and in files. */
    private static final String IMAGE = VisionProjector.IMAGE + "|<image\\d*>";

    private QuestionKey() {}

    static String of(String prompt) {
        List<Choice> choices = PromptOptions.parse(prompt);
        return choices.isEmpty()
                ? words(prompt)
                : stem(prompt)
                        + choices.stream()
                                .map(choice -> words(choice.text()))
                                .collect(Collectors.joining("\n", "\n", ""));
    }

    /** The question alone, as somebody writes it who leaves its options out. */
    static String stem(String prompt) {
        return words(PromptOptions.stem(prompt));
    }

    private static String words(String text) {
        String words = text.toLowerCase(Locale.ROOT)
                .replaceAll(IMAGE, " ")
                .replaceAll("[\\s\\p{Punct}]+", " ")
                .strip();
        return words.isEmpty() ? text.strip() : words; // a prompt of signs alone stays as it is
    }
}
