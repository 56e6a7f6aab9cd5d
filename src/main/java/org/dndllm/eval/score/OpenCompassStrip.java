package org.dndllm.eval.score;

import java.util.List;
import java.util.Optional;

/**
 * {@code _strip_string} of OpenCompass's MATH ({@link OpenCompassMath}), which is that of hendrycks/math
 * (modeling/math_equivalence.py). Where the original raises an exception, which its caller swallows, nothing comes of it.
 */
final class OpenCompassStrip {
    private static final String UNIT = "\\text{ ";
    private static final String ROOT = "\\sqrt";
    private static final String FRACTION = "\\frac";

    /** What, and by what it is replaced, in this order; {@code \dfrac} and {@code \tfrac} are {@code \frac}. */
    private static final List<List<String>> REPLACED = List.of(
            List.of("\n", ""),
            List.of("\\!", ""),
            List.of("\\\\", "\\"),
            List.of("tfrac", "frac"),
            List.of("dfrac", "frac"),
            List.of("\\left", ""),
            List.of("\\right", ""),
            List.of("^{\\circ}", ""),
            List.of("^\\circ", ""),
            List.of("\\$", ""));

    private OpenCompassStrip() {}

    static Optional<String> stripped(String answer) {
        String text = answer;
        for (List<String> pair : REPLACED) {
            text = text.replace(pair.getFirst(), pair.getLast());
        }
        return withoutUnit(text).flatMap(OpenCompassStrip::value);
    }

    /** More than one unit is an error there. */
    private static Optional<String> withoutUnit(String text) {
        int unit = text.indexOf(UNIT);
        if (unit < 0) {
            return Optional.of(text);
        }
        return text.indexOf(UNIT, unit + UNIT.length()) < 0 ? Optional.of(text.substring(0, unit)) : Optional.empty();
    }

    private static Optional<String> value(String withPercent) {
        String text = withPercent.replace("\\%", "").replace(" .", " 0.").replace("{.", "{0.");
        if (text.isEmpty()) {
            return Optional.of(text);
        }
        String whole = text.startsWith(".") ? "0" + text : text;
        return roots(withoutName(whole))
                .map(rooted -> fractions(rooted.replace(" ", "")))
                .map(value -> value.equals("0.5") ? "\\frac{1}{2}" : value)
                .flatMap(OpenCompassStrip::slash);
    }

    /** {@code k = 5} is 5. */
    private static String withoutName(String text) {
        String[] sides = text.split("=", -1);
        return sides.length == 2 && sides[0].codePointCount(0, sides[0].length()) <= 2 ? sides[1] : text;
    }

    /** {@code \sqrt3} gets its braces; a root of nothing at the end is an error there. */
    private static Optional<String> roots(String text) {
        String[] parts = text.split("\\\\sqrt", -1);
        StringBuilder braced = new StringBuilder(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            if (parts[i].isEmpty()) {
                return Optional.empty();
            }
            int first = parts[i].offsetByCodePoints(0, 1);
            braced.append(ROOT)
                    .append(
                            parts[i].startsWith("{")
                                    ? parts[i]
                                    : "{" + parts[i].substring(0, first) + "}" + parts[i].substring(first));
        }
        return Optional.of(braced.toString());
    }

    /** {@code \frac12} and {@code \frac1{2}} get their braces; where a fraction is cut short, none does. */
    private static String fractions(String text) {
        String[] parts = text.split("\\\\frac", -1);
        StringBuilder braced = new StringBuilder(parts[0]);
        for (int i = 1; i < parts.length; i++) {
            String part = parts[i];
            braced.append(FRACTION);
            if (part.startsWith("{")) {
                braced.append(part);
                continue;
            }
            if (part.codePointCount(0, part.length()) < 2) {
                return text;
            }
            int over = part.offsetByCodePoints(0, 1);
            int end = part.offsetByCodePoints(over, 1);
            String below = part.substring(over, end);
            braced.append('{').append(part, 0, over).append('}');
            braced.append(below.equals("{") ? below : "{" + below + "}").append(part, end, part.length());
        }
        return braced.toString();
    }

    /** {@code 3/4} becomes a fraction. One slash between anything but two whole numbers is an error there. */
    private static Optional<String> slash(String text) {
        String[] sides = text.split("/", -1);
        if (sides.length != 2) {
            return Optional.of(text);
        }
        if (!PythonText.isWhole(sides[0]) || !PythonText.isWhole(sides[1])) {
            return Optional.empty();
        }
        return Optional.of(
                isPlain(sides[0]) && isPlain(sides[1]) ? "\\frac{" + sides[0] + "}{" + sides[1] + "}" : text);
    }

    /** As a number is printed: no plus, no leading zero. */
    private static boolean isPlain(String number) {
        return number.matches("0|-?[1-9][0-9]*");
    }
}
