package org.dndllm.eval.score;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.dndllm.eval.benchmark.Choice;

/**
 * Finds the option that a text chooses. The clearest evidence counts, in this order: the requested form at the start
 * ({@code [B]}); what an "answer is" says last; a label at the start; the only label in brackets, bold or a box; the only label
 * that stands alone; the only option whose wording is there. Two different options on the level that decides mean none.
 */
final class ChoiceAnswer {
    private static final String OPEN = "[\\[({*\"'`\\s]*";

    private final String text;
    private final List<Choice> choices;
    private final String label; // pattern of any label, or of a letter or digit that counts options

    private ChoiceAnswer(String text, List<Choice> choices) {
        this.text = text.strip();
        this.choices = choices;
        String own = choices.stream()
                .map(Choice::label)
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|"));
        label = "(" + own + "|[A-Za-z]|[1-9])(?![A-Za-z0-9])";
    }

    /** The label of the chosen option; empty when none or more than one is chosen. */
    static Optional<String> in(String text, List<Choice> choices) {
        return new ChoiceAnswer(text, choices).find();
    }

    private Optional<String> find() {
        List<Set<String>> evidence = List.of(
                first("^\\[\\s*" + label + "\\s*\\]"),
                phrase(),
                first("^(?:option|choice)?" + OPEN + label
                        + "(?=\\s*$|\\s*[\\])}*:.\"'`]|\\s*\\n|\\s+[-\u2013\u2014]\\s)"),
                every("[\\[(]\\s*" + label + "\\s*[\\])]|\\*\\*" + label + "\\**|\\\\boxed\\{\\s*(?:\\\\text\\{)?"
                        + label),
                alone(),
                wording());
        return evidence.stream()
                .filter(labels -> !labels.isEmpty())
                .findFirst()
                .filter(labels -> labels.size() == 1)
                .map(labels -> labels.iterator().next());
    }

    private Set<String> first(String pattern) {
        Matcher matcher = Pattern.compile(pattern, Pattern.CASE_INSENSITIVE).matcher(text);
        return matcher.find() ? withAnother(matcher.toMatchResult()) : Set.of();
    }

    /** The label found, and one that follows it as in "A or B". */
    private Set<String> withAnother(MatchResult found) {
        Matcher another = Pattern.compile("^\\W*(?:or|and|/|,)\\W*" + upper()).matcher(text.substring(found.end()));
        return labels(another.find() ? List.of(found, another.toMatchResult()) : List.of(found));
    }

    private Set<String> every(String pattern) {
        return labels(Pattern.compile(pattern, Pattern.CASE_INSENSITIVE)
                .matcher(text)
                .results()
                .toList());
    }

    /** "The answer is (B)", "Answer: B", "the correct option is B", unless it speaks of a wrong one. */
    private Set<String> phrase() {
        Pattern pattern = Pattern.compile(
                "(?i)(?<!wrong )(?<!incorrect )(?<!not the )\\b(?:answer|option|choice|solution)\\s*(?:\\w+\\s+){0,2}?(?:is|are|:|=)\\s*"
                        + "(?:\\w*\\s*(?:option|choice)\\s*)?:?\\s*" + OPEN + "(?:\\\\boxed\\{)?(?-i:" + upper() + ")");
        return pattern.matcher(text)
                .results()
                .reduce((one, other) -> other)
                .map(this::withAnother)
                .orElse(Set.of());
    }

    /** Labels as they are written, and capitals and digits: in running text "a" is an article. */
    private String upper() {
        return label.replace("[A-Za-z]|", "[B-Zb-z]|A(?!\\s+[a-z])|");
    }

    /** Capital letters and digits between blanks or punctuation; "A" before a word is an article. */
    private Set<String> alone() {
        List<MatchResult> found = new ArrayList<>();
        String own =
                choices.stream().map(choice -> Pattern.quote(choice.label())).collect(Collectors.joining("|"));
        Matcher matcher = Pattern.compile("(?<![A-Za-z0-9'\u2019])(" + own + ")(?![A-Za-z0-9'\u2019])")
                .matcher(text);
        while (matcher.find()) {
            boolean article = matcher.group(1).equals("A")
                    && text.substring(matcher.end()).matches("(?s)\\s+(?!or\\b|and\\b)[a-z].*");
            if (!article) {
                found.add(matcher.toMatchResult());
            }
        }
        return labels(found);
    }

    /** Options whose wording the text has, without those that are only a part of a longer one found. */
    private Set<String> wording() {
        String said = plain(text);
        List<Choice> there = choices.stream()
                .filter(choice -> !plain(choice.text()).isBlank() && said.contains(plain(choice.text())))
                .toList();
        return there.stream()
                .filter(choice -> there.stream()
                        .noneMatch(other -> plain(other.text()).contains(plain(choice.text()))
                                && !plain(other.text()).equals(plain(choice.text()))))
                .map(Choice::label)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** Lower case words with one blank before and after each. */
    private static String plain(String text) {
        return " "
                + text.toLowerCase(Locale.ROOT)
                        .replaceAll("[^\\p{L}\\p{N}]+", " ")
                        .strip() + " ";
    }

    private Set<String> labels(List<MatchResult> found) {
        Set<String> labels = new LinkedHashSet<>();
        for (MatchResult match : found) {
            for (int group = 1; group <= match.groupCount(); group++) {
                if (match.group(group) != null) {
                    option(match.group(group)).ifPresent(labels::add);
                }
            }
        }
        return labels;
    }

    /** By label; else by place, since the system message asks for A to D where the options are 1 to 4. */
    private Optional<String> option(String said) {
        for (Choice choice : choices) {
            if (choice.label().equalsIgnoreCase(said)) {
                return Optional.of(choice.label());
            }
        }
        char c = Character.toUpperCase(said.charAt(0));
        int place = Character.isDigit(c) ? c - '1' : c - 'A';
        return place >= 0 && place < choices.size()
                ? Optional.of(choices.get(place).label())
                : Optional.empty();
    }
}
