package org.dndllm.eval.benchmark;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The final answer of a worked solution in LaTeX: what stands in its last {@code \boxed{}} (or {@code \fbox{}}). */
public final class Boxed {
    private static final Pattern BOX = Pattern.compile("\\\\(?:boxed|fbox)\\s*");

    private Boxed() {}

    /**
     * The content of the last box that is closed, or the one character behind a {@code \boxed} without braces. A box that
     * never closes (the text was cut) counts as none.
     */
    public static Optional<String> last(String text) {
        Optional<String> last = Optional.empty();
        Matcher box = BOX.matcher(text);
        while (box.find()) {
            Optional<String> content = content(text, box.end());
            if (content.isPresent()) {
                last = content;
            }
        }
        return last;
    }

    private static Optional<String> content(String text, int start) {
        if (start == text.length()) {
            return Optional.empty();
        }
        if (text.charAt(start) != '{') {
            return Optional.of(text.substring(start, start + 1));
        }
        int depth = 0;
        for (int at = start; at < text.length(); at++) {
            char c = text.charAt(at);
            if (c == '\\') {
                at++; // \{ and \} are braces to print, not a group
            } else if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0) {
                return Optional.of(text.substring(start + 1, at));
            }
        }
        return Optional.empty();
    }
}
