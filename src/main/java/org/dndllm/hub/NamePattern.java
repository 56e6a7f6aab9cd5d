package org.dndllm.hub;

import java.util.regex.Pattern;

/**
 * A shell pattern over whole file names as the hub's own tools read it: {@code *} crosses slashes, {@code ?} is one
 * character, {@code [abc]} and {@code [!abc]} are sets, a trailing slash stands for everything below. Case matters.
 */
final class NamePattern {
    private final Pattern expression;

    private NamePattern(Pattern expression) {
        this.expression = expression;
    }

    static NamePattern of(String glob) {
        String whole = glob.endsWith("/") ? glob + "*" : glob;
        StringBuilder regex = new StringBuilder();
        for (int i = 0; i < whole.length(); i++) {
            char c = whole.charAt(i);
            int close = c == '[' ? whole.indexOf(']', i + 2) : -1;
            if (c == '*') {
                regex.append(".*");
            } else if (c == '?') {
                regex.append('.');
            } else if (close > 0) {
                regex.append(set(whole.substring(i + 1, close)));
                i = close;
            } else {
                regex.append(Pattern.quote(String.valueOf(c)));
            }
        }
        return new NamePattern(Pattern.compile(regex.toString(), Pattern.DOTALL));
    }

    /** The inside of a set; only a range's hyphen keeps a meaning. */
    private static String set(String inside) {
        boolean negated = inside.startsWith("!") && inside.length() > 1;
        String members = (negated ? inside.substring(1) : inside).replaceAll("[\\\\\\[\\]&^]", "\\\\$0");
        return (negated ? "[^" : "[") + members + "]";
    }

    boolean matches(String name) {
        return expression.matcher(name).matches();
    }
}
