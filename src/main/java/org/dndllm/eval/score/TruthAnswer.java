package org.dndllm.eval.score;

import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Finds out whether a text says true or false (or yes or no). */
final class TruthAnswer {
    private static final String WORD = "(not\\s+)?\\b(true|false|yes|no)\\b";
    private static final Pattern START =
            Pattern.compile("(?i)^[^\\p{L}]*" + WORD + "(?!\\s*(?:or|and|/)\\s*(?:true|false|yes|no))");
    private static final Pattern PHRASE = Pattern.compile("(?i)\\b(?:answer|statement)\\s*(?:is|:|=)[^\\p{L}]*" + WORD);
    private static final Pattern ANYWHERE = Pattern.compile("(?i)(not\\s+)?\\b(true|false)\\b");

    private TruthAnswer() {}

    /** {@code True} or {@code False}; empty when the text says neither, or both. */
    static Optional<String> in(String text) {
        Matcher start = START.matcher(text);
        if (start.find()) {
            return Optional.of(truth(start));
        }
        return only(PHRASE, text).or(() -> only(ANYWHERE, text));
    }

    private static Optional<String> only(Pattern pattern, String text) {
        Set<String> said =
                pattern.matcher(text).results().map(TruthAnswer::truth).collect(Collectors.toSet());
        return said.size() == 1 ? Optional.of(said.iterator().next()) : Optional.empty();
    }

    private static String truth(MatchResult match) {
        String word = match.group(2).toLowerCase(Locale.ROOT);
        boolean negated = match.group(1) != null;
        return (word.equals("true") || word.equals("yes")) != negated ? "True" : "False";
    }
}
