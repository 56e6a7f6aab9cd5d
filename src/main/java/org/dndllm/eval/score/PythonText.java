package org.dndllm.eval.score;

import java.util.regex.Pattern;

/** What Python's strings take for white space, digits and whole numbers, which is not what Java's do. */
final class PythonText {
    private static final String WHITE =
            "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]*";
    private static final Pattern ENDS = Pattern.compile("\\A" + WHITE + "|" + WHITE + "\\z");
    private static final Pattern WHOLE = Pattern.compile(WHITE + "[-+]?\\p{Nd}+(?:_\\p{Nd}+)*" + WHITE);

    private PythonText() {}

    static String strip(String text) {
        return ENDS.matcher(text).replaceAll("");
    }

    /** Superscripts and circled digits, which Python counts as well, are left out: no answer is written in them. */
    static boolean isDigits(String text) {
        return !text.isEmpty() && text.codePoints().allMatch(Character::isDigit);
    }

    /** Whether {@code int()} takes it. */
    static boolean isWhole(String text) {
        return WHOLE.matcher(text).matches();
    }
}
