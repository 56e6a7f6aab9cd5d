package org.dndllm.eval.score;

import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.eval.benchmark.Boxed;

/**
 * Finds the number that a worked solution ends in: behind {@code ####} (GSM8K's own form), in the last box, behind the last
 * "answer is", else the last number of all. Dollar, percent and thousands signs, units and a final stop are not part of it.
 */
final class NumberAnswer {
    /** A sign counts where no operand stands before it: 10-5 ends in 5. */
    private static final Pattern NUMBER = Pattern.compile(
            "(?<![\\w.])((?<![\\d)}\\]]\\s?)(?<![A-Za-z])[-\u2212](?=[$\\\\\\d.]))?\\$?\\\\?\\$?"
                    + "(?:(?<=\\$)(-))?(\\d{1,3}(?:(?:,|\\{,\\}|,\\\\!)\\d{3})+(?:\\.\\d+)?|\\d+(?:\\.\\d+)?|\\.\\d+)(?:/(\\d+))?");

    private static final Pattern PHRASE = Pattern.compile("(?i)\\banswer\\s*(?:\\w+\\s+){0,2}?(?:is|was|=|:)");
    private static final String HASHES = "####";

    private NumberAnswer() {}

    static Optional<Rational> in(String text) {
        int hashes = text.lastIndexOf(HASHES);
        if (hashes >= 0) {
            Optional<Rational> marked = first(text.substring(hashes + HASHES.length()));
            if (marked.isPresent()) {
                return marked;
            }
        }
        return Boxed.last(text)
                .flatMap(box -> Rational.parse(MathText.normalize(box)).or(() -> first(box)))
                .or(() -> afterPhrase(text))
                .or(() -> last(text));
    }

    /** The first number of a text. */
    static Optional<Rational> first(String text) {
        Matcher matcher = NUMBER.matcher(text);
        return matcher.find() ? value(matcher) : Optional.empty();
    }

    private static Optional<Rational> afterPhrase(String text) {
        return PHRASE.matcher(text).results().reduce((one, other) -> other).flatMap(phrase -> {
            String rest = text.substring(phrase.end());
            int line = rest.stripLeading().indexOf('\n');
            return first(line < 0 ? rest : rest.stripLeading().substring(0, line));
        });
    }

    private static Optional<Rational> last(String text) {
        return NUMBER.matcher(text).results().reduce((one, other) -> other).flatMap(NumberAnswer::value);
    }

    private static Optional<Rational> value(MatchResult match) {
        boolean negative = match.group(1) != null || match.group(2) != null;
        String digits = match.group(3).replaceAll("[^0-9.]", "");
        String over = match.group(4) == null ? "" : "/" + match.group(4);
        return Rational.parse((negative ? "-" : "") + digits + over);
    }
}
