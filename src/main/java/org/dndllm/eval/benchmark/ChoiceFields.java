package org.dndllm.eval.benchmark;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.dndllm.InvalidInputException;
import tools.jackson.databind.JsonNode;

/**
 * Options that stand apart from the question, in {@code choices} or {@code options}: a list of texts, a list of {@code
 * {label, text}}, {@code {label: [..], text: [..]}} as AI2's files have it, or {@code {A: .., B: ..}}; in {@code endings}, as
 * HellaSwag's files have it; or in columns {@code A}, {@code B}, ... of a table.
 */
final class ChoiceFields {
    /** HellaSwag's list of endings; {@code label} is an index into it that counts from 0 (rowanz/hellaswag, data/README). */
    private static final String ENDINGS = "endings";

    private static final List<String> FIELDS = List.of("choices", "options", ENDINGS);
    private static final int MOST = 26;

    private final String source;
    private final String place;
    private final List<Choice> choices = new ArrayList<>();

    private ChoiceFields(String source, String place) {
        this.source = source;
        this.place = place;
    }

    /** The options; none when the record has no such field. */
    static List<Choice> of(JsonNode object, String source, String place) {
        for (String field : FIELDS) {
            // Math-Vision writes an empty list where there is nothing to choose from
            if (object.hasNonNull(field)
                    && !(object.get(field).isArray() && object.get(field).isEmpty())) {
                ChoiceFields reader = new ChoiceFields(source, place + ", field " + field);
                reader.field(object.get(field));
                return reader.checked();
            }
        }
        if (object.hasNonNull("A") && object.hasNonNull("B")) {
            ChoiceFields reader = new ChoiceFields(source, place + ", fields A, B, ...");
            for (int i = 0; i < MOST && object.hasNonNull(letter(i)); i++) {
                reader.add(letter(i), object.get(letter(i)));
            }
            return reader.checked();
        }
        return List.of();
    }

    /**
     * The right option as the official files write it, {@code [B]}. A bare index is refused, since files count from 0 and from
     * 1; but HellaSwag's, which is known to count from 0, and blank where the labels are hidden.
     */
    static String answer(JsonNode object, String field, List<Choice> choices, String source, String place) {
        JsonNode value = object.get(field);
        if (object.hasNonNull(ENDINGS)) {
            return ending(value, choices, source, place);
        }
        String said = GoldAnswer.unbracketed(value.asString("").strip());
        for (Choice choice : choices) {
            if (choice.label().equalsIgnoreCase(said)) {
                return choice.bracketed();
            }
        }
        List<Choice> same = choices.stream()
                .filter(choice -> choice.text().strip().equals(said))
                .toList();
        if (same.size() == 1) {
            return same.getFirst().bracketed();
        }
        throw new InvalidInputException(
                source,
                place,
                "is '" + value.asString("") + "', expected one of the labels "
                        + choices.stream().map(Choice::label).toList()
                        + " or an option's text; an index is not clear (from 0 or from 1?), write the label");
    }

    /** A number in the official files, the same as a string in the copy on the Hugging Face hub. */
    private static String ending(JsonNode value, List<Choice> choices, String source, String place) {
        String index = value.asString("").strip();
        if (index.isEmpty() && value.isString()) {
            return "";
        }
        if (index.matches("\\d") && Integer.parseInt(index) < choices.size()) {
            return choices.get(Integer.parseInt(index)).bracketed();
        }
        throw new InvalidInputException(
                source,
                place,
                "is '" + index + "', expected the index of the right ending, 0 to " + (choices.size() - 1)
                        + "; mend the file, or call the list of endings choices and write the label");
    }

    private static String letter(int index) {
        return String.valueOf((char) ('A' + index));
    }

    private void field(JsonNode value) {
        if (value.isArray()) {
            for (JsonNode option : value) {
                if (option.isObject()) {
                    add(string(option.path("label")), option.path("text"));
                } else {
                    add(letter(choices.size()), option);
                }
            }
        } else if (value.path("text").isArray() && value.path("label").isArray()) {
            for (int i = 0; i < value.get("text").size(); i++) {
                add(string(value.get("label").path(i)), value.get("text").get(i));
            }
        } else if (value.isObject()) {
            value.properties().forEach(option -> add(option.getKey(), option.getValue()));
        } else {
            throw wrong("must be a list of options or an object of them, is " + value.getNodeType());
        }
    }

    private void add(String label, JsonNode text) {
        if (choices.size() == MOST) {
            throw wrong("holds more than " + MOST + " options; give fewer");
        }
        choices.add(new Choice(label, string(text)));
    }

    private String string(JsonNode value) {
        if (!value.isString() && !value.isNumber()) {
            throw wrong("option " + (choices.size() + 1) + " must have a label and a text, is " + value.getNodeType());
        }
        return value.asString();
    }

    private List<Choice> checked() {
        Set<String> labels = new HashSet<>();
        for (Choice choice : choices) {
            if (choice.label().isBlank() || choice.text().isBlank() || !labels.add(choice.label())) {
                throw wrong("option '" + choice.label() + "' is blank or there twice; give each its label and text");
            }
        }
        if (choices.size() < 2) {
            throw wrong("holds " + choices.size() + " options, expected at least 2");
        }
        return choices;
    }

    private InvalidInputException wrong(String problem) {
        return new InvalidInputException(source, place, problem);
    }
}
