package org.dndllm.eval.benchmark;

import java.util.List;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** Recognises of which kind a file's answers are, by its first item. */
final class KindOf {
    private static final List<String> CODE_SETS = List.of("humaneval", "livecodebench");

    /** What only problems to be solved by programs have: HumanEval's and LiveCodeBench's own fields. */
    private static final List<String> TESTS = List.of("entry_point", "public_test_cases");

    private KindOf() {}

    static AnswerKind item(ItemFields fields, JsonNode record, String fileName) {
        if (TESTS.stream().anyMatch(record::has)) {
            return AnswerKind.CODE;
        }
        String response = fields.response().strip();
        String said = GoldAnswer.unbracketed(response);
        if (said.equalsIgnoreCase("true") || said.equalsIgnoreCase("false")) {
            return AnswerKind.BOOLEAN;
        }
        List<Choice> choices = fields.choices();
        boolean chosen = response.isEmpty()
                || choices.stream().anyMatch(choice -> choice.label().equalsIgnoreCase(said));
        if (!choices.isEmpty() && chosen) {
            return AnswerKind.CHOICE;
        }
        if (response.contains("####")) {
            return AnswerKind.NUMBER;
        }
        if (Boxed.last(response).isPresent()) {
            return AnswerKind.MATH;
        }
        return response.isEmpty() && isCode(fields.question(), fileName) ? AnswerKind.CODE : AnswerKind.TEXT;
    }

    /** The same for a question on a picture, whose answer is an option or else a number or formula, whatever its form. */
    static AnswerKind pictured(ItemFields fields, JsonNode value, String fileName) {
        return switch (item(fields, value, fileName)) {
            case CHOICE -> AnswerKind.CHOICE;
            case BOOLEAN -> AnswerKind.BOOLEAN;
            default -> AnswerKind.MATH;
        };
    }

    private static boolean isCode(String prompt, String fileName) {
        String name = fileName.toLowerCase(Locale.ROOT).replaceAll("[^a-z]", "");
        return CODE_SETS.stream().anyMatch(name::contains) || prompt.contains("def ");
    }
}
