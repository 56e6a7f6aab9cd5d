package org.dndllm.eval.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/**
 * Finds the options in a prompt's text. Layouts, as the files have them:
 *
 * <ul>
 *   <li>lines {@code A: ...} or {@code 1: ...} (ARC, OBQA, PIQA, WinoGrande);
 *   <li>{@code choices: A: ..., B: ..., C: ...} on one line (the science set);
 *   <li>{@code Solution1: ... Solution2: ...}, also {@code Answer}, {@code Ending}, {@code Option}, {@code Choice} with a
 *       number, on lines or on one line (the common-sense sets as LLM-Adapters writes them).
 * </ul>
 */
final class PromptOptions {
    private static final Pattern LINE = Pattern.compile("(?m)^([A-Z]|[1-9])[:.)][ \\t]?(.*)$");
    private static final Pattern INLINE = Pattern.compile("(?s)choices:\\s*(?=A: )");
    private static final Pattern NUMBERED =
            Pattern.compile("(?i)(?<![A-Za-z])(solution|answer|ending|option|choice)\\s?([1-9]):\\s*");

    private PromptOptions() {}

    /** The options in order; none when the prompt has no two of them. */
    static List<Choice> parse(String prompt) {
        return lines(prompt).or(() -> inline(prompt)).or(() -> numbered(prompt)).orElse(List.of());
    }

    /** The last run of lines whose labels count up from A or 1: a question may itself have a line "A: ...". */
    private static Optional<List<Choice>> lines(String prompt) {
        List<Choice> run = new ArrayList<>();
        List<Choice> last = List.of();
        for (MatchResult line : (Iterable<MatchResult>) LINE.matcher(prompt).results()::iterator) {
            String label = line.group(1);
            if (label.equals("A") || label.equals("1")) {
                run = new ArrayList<>();
            } else if (run.isEmpty() || label.charAt(0) != run.getLast().label().charAt(0) + 1) {
                run = new ArrayList<>();
                continue;
            }
            run.add(new Choice(label, line.group(2)));
            if (run.size() >= 2) {
                last = run;
            }
        }
        return last.isEmpty() ? Optional.empty() : Optional.of(last);
    }

    private static Optional<List<Choice>> inline(String prompt) {
        List<MatchResult> starts = INLINE.matcher(prompt).results().toList();
        if (starts.isEmpty()) {
            return Optional.empty();
        }
        String list = prompt.substring(starts.getLast().end());
        List<Choice> choices = new ArrayList<>();
        int text = "A: ".length();
        for (char label = 'A'; text >= 0; label++) {
            String next = ", " + (char) (label + 1) + ": ";
            int end = list.indexOf(next, text);
            choices.add(new Choice(String.valueOf(label), list.substring(text, end < 0 ? list.length() : end)));
            text = end < 0 ? -1 : end + next.length();
        }
        return choices.size() < 2 ? Optional.empty() : Optional.of(choices);
    }

    /** Labels are written in lower case, {@code solution1}, as the answers of those sets are. */
    private static Optional<List<Choice>> numbered(String prompt) {
        List<MatchResult> starts = new ArrayList<>();
        for (MatchResult start :
                (Iterable<MatchResult>) NUMBERED.matcher(prompt).results()::iterator) {
            boolean next = starts.isEmpty()
                    ? start.group(2).equals("1")
                    : start.group(1).equalsIgnoreCase(starts.getFirst().group(1))
                            && start.group(2).equals(String.valueOf(starts.size() + 1));
            if (next) {
                starts.add(start);
            }
        }
        List<Choice> choices = new ArrayList<>();
        for (int i = 0; i < starts.size(); i++) {
            MatchResult start = starts.get(i);
            int end = i + 1 < starts.size() ? starts.get(i + 1).start() : endOfLine(prompt, start.end());
            choices.add(new Choice(
                    start.group(1).toLowerCase(Locale.ROOT) + start.group(2),
                    prompt.substring(start.end(), end).strip()));
        }
        return choices.size() < 2 ? Optional.empty() : Optional.of(choices);
    }

    private static int endOfLine(String prompt, int from) {
        int end = prompt.indexOf('\n', from);
        return end < 0 ? prompt.length() : end;
    }
}
