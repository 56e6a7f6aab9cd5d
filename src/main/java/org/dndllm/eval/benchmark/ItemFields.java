package org.dndllm.eval.benchmark;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.PromptReader;
import tools.jackson.databind.JsonNode;

/**
 * The fields of one record, found under any of their usual names.
 *
 * @param question the prompt as written, without options that stand in a field of their own
 * @param response the answer as written; empty when there is none
 * @param responseField under which name it was, for messages
 * @param apart the options that stand in fields of their own; empty when the prompt has them, or there are none
 * @param listed whether the question lists the options as well
 * @param image the question's picture
 */
record ItemFields(
        String source,
        String place,
        String question,
        String response,
        String responseField,
        String system,
        List<Choice> apart,
        boolean listed,
        Optional<ItemImage> image) {
    private static final List<String> RESPONSES =
            List.of("response", "answer", "answerKey", "label", "output", "solution", "target");
    /** For user questions with options but without a system message: says what an answer must look like. */
    private static final String INSTRUCTION =
            "Choose one of the options. Answer with its letter in square brackets only, for example [A].";
    /** The same for questions on a picture that ask for a number or a formula. */
    private static final String WORK =
            "Solve the problem step by step. Put the final answer, without a unit, into \\boxed{}.";
    /** Math-Vista's prompt, with hint, question and options. */
    private static final String QUERY = "query";

    static ItemFields of(JsonNode object, String source, String place) {
        Optional<ItemImage> image = ImageField.of(object, source, place);
        boolean query = image.isPresent() && object.hasNonNull(QUERY);
        List<String> names = query ? List.of(QUERY) : PromptReader.FIELDS;
        String promptField = names.stream()
                .filter(object::has)
                .findFirst()
                .orElseThrow(() -> new InvalidInputException(
                        source,
                        place,
                        "has none of the fields " + PromptReader.FIELDS + "; name the question's field so"));
        String question = text(object, promptField, source, place);
        if (question.isBlank()) {
            throw new InvalidInputException(source, place + ", field " + promptField, "is blank; remove the item");
        }
        List<Choice> apart = ChoiceFields.of(object, source, place);
        Optional<String> responseField =
                responses(promptField).filter(object::hasNonNull).findFirst();
        String response = responseField
                .map(name -> apart.isEmpty()
                        ? text(object, name, source, place)
                        : ChoiceFields.answer(object, name, apart, source, place + ", field " + name))
                .orElse("");
        String system = object.hasNonNull("system") ? text(object, "system", source, place) : "";
        return new ItemFields(
                source,
                place,
                image.isPresent() ? ImageField.placed(question, source, place) : question,
                response,
                responseField.orElse("response"),
                system,
                apart,
                query,
                image);
    }

    /** MATH-500 has the answer beside the solution, which alone shows by its box what kind of answer it is. */
    private static Stream<String> responses(String promptField) {
        return promptField.equals("problem")
                ? Stream.concat(Stream.of("solution"), RESPONSES.stream())
                : RESPONSES.stream();
    }

    /** A string, or a number or truth value as it is written (tables of other programs have them bare). */
    private static String text(JsonNode object, String field, String source, String place) {
        JsonNode value = object.get(field);
        if (!value.isString() && !value.isNumber() && !value.isBoolean()) {
            throw new InvalidInputException(
                    source, place + ", field " + field, "must be a string, is " + value.getNodeType());
        }
        return value.asString();
    }

    /** The question with its options below. */
    String prompt() {
        if (listed) {
            return question;
        }
        StringBuilder prompt = new StringBuilder(question);
        for (Choice choice : apart) {
            prompt.append('\n').append(choice.label()).append(": ").append(choice.text());
        }
        return prompt.toString();
    }

    /** The options, wherever they stand; empty when there are none. */
    List<Choice> choices() {
        return apart.isEmpty() ? PromptOptions.parse(question) : apart;
    }

    BenchmarkItem item(String id, AnswerKind kind) {
        List<Choice> choices = switch (kind) {
            case CHOICE -> choices();
            case BOOLEAN -> List.of(new Choice("True", "True"), new Choice("False", "False"));
            default -> List.of();
        };
        if (kind == AnswerKind.CHOICE && choices.isEmpty()) {
            throw new InvalidInputException(
                    source,
                    place + ", field prompt",
                    "has no options that can be told apart (lines 'A: ...', 'B: ...'), which a file of kind choice"
                            + " needs; declare another kind if it is none");
        }
        String answer = GoldAnswer.of(this, kind, choices);
        return new BenchmarkItem(id, instruction(kind), prompt(), choices, answer, response, kind, image);
    }

    /** The system message; where the file leaves open what an answer looks like, one that says it. */
    private String instruction(AnswerKind kind) {
        if (!system.isBlank() || listed) {
            return system;
        }
        if (!apart.isEmpty()) {
            return INSTRUCTION;
        }
        return image.isPresent() && kind == AnswerKind.MATH ? WORK : system;
    }

    InvalidInputException wrongResponse(String problem) {
        return new InvalidInputException(source, place + ", field " + responseField, problem);
    }
}
