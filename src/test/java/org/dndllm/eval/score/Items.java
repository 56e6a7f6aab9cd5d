package org.dndllm.eval.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.eval.benchmark.AnswerKind;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.benchmark.Choice;

/** Questions for scorers. */
final class Items {
    private Items() {}

    static BenchmarkItem choice(String answer, String... texts) {
        List<Choice> choices = new ArrayList<>();
        for (String text : texts) {
            choices.add(new Choice(String.valueOf((char) ('A' + choices.size())), text));
        }
        return of(AnswerKind.CHOICE, answer, choices);
    }

    /** Options 1 to 4, as 22 items of the official ARC-c test file have them. */
    static BenchmarkItem numbered(String answer) {
        return of(
                AnswerKind.CHOICE,
                answer,
                List.of(
                        new Choice("1", "sodium"),
                        new Choice("2", "a green leaf"),
                        new Choice("3", "iron"),
                        new Choice("4", "gold")));
    }

    static BenchmarkItem truth(String answer) {
        return of(AnswerKind.BOOLEAN, answer, List.of(new Choice("True", "True"), new Choice("False", "False")));
    }

    static BenchmarkItem of(AnswerKind kind, String answer) {
        return of(kind, answer, List.of());
    }

    private static BenchmarkItem of(AnswerKind kind, String answer, List<Choice> choices) {
        return new BenchmarkItem("set.json: item 1", "", "question", choices, answer, answer, kind, Optional.empty());
    }
}
