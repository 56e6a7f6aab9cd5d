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

    private final int start; // of the first option
    private final List<Choice> choices = new ArrayList<>();

    private PromptOptions(int start) {
        this.start = start;
    }

    /** The options in order; none when the prompt has no two of them. */
    static List<Choice> parse(String prompt) {
        return find(prompt).map(found -> List.copyOf(found.choices)).orElse(List.of());
    }

    /** What stands before the options; the whole prompt when there are none. */
    static String stem(String prompt) {
        return find(prompt).map(found -> prompt.substring(0, found.start)).orElse(prompt);
    }

    private static Optional<PromptOptions> find(String prompt) {
        return lines(prompt).or(() -> inline(prompt)).or(() -> numbered(prompt));
    }

    /** The last run of lines whose labels count up from A or 1: a question may itself have a line "A: ...". */
    private static Optional<PromptOptions> lines(String prompt) {
        Optional<PromptOptions> last = Optional.empty();
        PromptOptions run = new PromptOptions(0);
        for (MatchResult line : (Iterable<MatchResult>) LINE.matcher(prompt).results()::iterator) {
            String label = line.group(1);
            if (label.equals("A") || label.equals("1")) {
                run = new PromptOptions(line.start());
            } else if (run.choices.isEmpty()
                    || label.charAt(0) != run.choices.getLast().label().charAt(0) + 1) {
                run = new PromptOptions(0);
                continue;
            }
            run.choices.add(new Choice(label, line.group(2)));
            if (run.choices.size() >= 2) {
                last = Optional.of(run);
            }
        }
        return last;
    }

    private static Optional<PromptOptions> inline(String prompt) {
        List<MatchResult> starts = INLINE.matcher(prompt).results().toList();
        if (starts.isEmpty()) {
            return Optional.empty();
        }
        PromptOptions found = new PromptOptions(starts.getLast().start());
        String list = prompt.substring(starts.getLast().end());
        int text = "A: ".length();
        for (char label = 'A'; text >= 0; label++) {
            String next = ", " + (char) (label + 1) + ": ";
            int end = list.indexOf(next, text);
            found.choices.add(new Choice(String.valueOf(label), list.substring(text, end < 0 ? list.length() : end)));
            text = end < 0 ? -1 : end + next.length();
        }
        return Optional.of(found).filter(options -> options.choices.size() >= 2);
    }

    /** Labels are written in lower case, {@code solution1}, as the answers of those sets are. */
    private static Optional<PromptOptions> numbered(String prompt) {
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
        if (starts.size() < 2) {
            return Optional.empty();
        }
        PromptOptions found = new PromptOptions(starts.getFirst().start());
        for (int i = 0; i < starts.size(); i++) {
            MatchResult start = starts.get(i);
            int end = i + 1 < starts.size() ? starts.get(i + 1).start() : endOfLine(prompt, start.end());
            found.choices.add(new Choice(
                    start.group(1).toLowerCase(Locale.ROOT) + start.group(2),
                    prompt.substring(start.end(), end).strip()));
        }
        return Optional.of(found);
    }

    private static int endOfLine(String prompt, int from) {
        int end = prompt.indexOf('\n', from);
        return end < 0 ? prompt.length() : end;
    }
}
