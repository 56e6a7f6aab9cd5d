package org.dndllm.eval.benchmark;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** What the right answer to a question looks like, and therefore how answers are scored. */
public enum AnswerKind {
    /** One of labelled options: ARC, OBQA, PIQA, HellaSwag, WinoGrande, the science set. */
    CHOICE,
    /** True or False, without options in the prompt: BoolQ. */
    BOOLEAN,
    /** A number after a worked solution: GSM8K. */
    NUMBER,
    /** A formula after a worked solution, in {@code \boxed{}}: MATH. */
    MATH,
    /** A program, judged by running it: HumanEval, LiveCodeBench. The prompt is all that is read. */
    CODE,
    /** Any other text, right when it is equal: the project's own task files. */
    TEXT;

    /** As on the command line and in reports: {@code choice}, {@code boolean}, ... */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The kind of that label. */
    public static Optional<AnswerKind> of(String label) {
        return Arrays.stream(values())
                .filter(kind -> kind.label().equals(label))
                .findFirst();
    }

    /** All labels, for messages. */
    public static List<String> labels() {
        return Arrays.stream(values()).map(AnswerKind::label).toList();
    }
}
