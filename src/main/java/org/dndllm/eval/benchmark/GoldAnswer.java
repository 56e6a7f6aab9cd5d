package org.dndllm.eval.benchmark;

import java.util.List;
import java.util.Locale;

/** What scorers compare with, out of the response as a file writes it. */
final class GoldAnswer {
    private static final String HASHES = "####"; // GSM8K sets its final number behind them

    private GoldAnswer() {}

    /** Empty when the record has no response. */
    static String of(ItemFields fields, AnswerKind kind, List<Choice> choices) {
        String response = fields.response().strip();
        if (response.isEmpty()) {
            return "";
        }
        return switch (kind) {
            case CHOICE -> choice(fields, choices, unbracketed(response));
            case BOOLEAN -> truth(fields, unbracketed(response));
            case NUMBER -> number(fields, response);
            case MATH -> Boxed.last(response).orElse(response).strip();
            case CODE, TEXT -> response;
        };
    }

    static String unbracketed(String response) {
        return response.length() > 2 && response.startsWith("[") && response.endsWith("]")
                ? response.substring(1, response.length() - 1).strip()
                : response;
    }

    private static String choice(ItemFields fields, List<Choice> choices, String response) {
        return choices.stream()
                .map(Choice::label)
                .filter(response::equalsIgnoreCase)
                .findFirst()
                .orElseThrow(() -> fields.wrongResponse("is '" + fields.response() + "', which is none of the options "
                        + choices.stream().map(Choice::label).toList() + "; mend the label or the prompt"));
    }

    private static String truth(ItemFields fields, String response) {
        return switch (response.toLowerCase(Locale.ROOT)) {
            case "true", "yes" -> "True";
            case "false", "no" -> "False";
            default ->
                throw fields.wrongResponse("is '" + fields.response()
                        + "', expected [True] or [False]; declare another kind if it is none");
        };
    }

    private static String number(ItemFields fields, String response) {
        int hashes = response.lastIndexOf(HASHES);
        String number = (hashes < 0 ? response : response.substring(hashes + HASHES.length())).strip();
        if (number.length() > 40 || number.chars().noneMatch(Character::isDigit)) {
            throw fields.wrongResponse("ends in '" + shortened(number) + "', expected a number, behind '" + HASHES
                    + "' where there is a solution before it");
        }
        return number;
    }

    private static String shortened(String text) {
        return text.length() > 40 ? text.substring(0, 40) + "..." : text;
    }
}
