package org.dndllm.eval.score;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Whether two final answers are the same: one form ({@link MathText}), one number ({@link Rational}), or part by part the
 * same. Tuples, intervals and matrices keep their order and their brackets; sets, unions and bare lists (roots) have no order.
 */
final class MathEquality {
    private MathEquality() {}

    static boolean holds(String one, String other) {
        String a = MathText.normalize(one);
        String b = MathText.normalize(other);
        return !a.isEmpty() && same(a, b);
    }

    private static boolean same(String a, String b) {
        if (a.equals(b) || words(a) && a.equalsIgnoreCase(b)) {
            return true;
        }
        Optional<Rational> number = Rational.parse(a);
        if (number.isPresent() && number.equals(Rational.parse(b))) {
            return true;
        }
        return anyOrder(split(a, "\\cup"), split(b, "\\cup")) || lists(a, b);
    }

    private static boolean words(String text) {
        return text.length() > 1 && text.chars().allMatch(Character::isLetter);
    }

    private static boolean lists(String a, String b) {
        Optional<String> setA = inside(a, "\\{", "\\}");
        Optional<String> setB = inside(b, "\\{", "\\}");
        if (setA.isPresent() || setB.isPresent()) {
            return anyOrder(split(setA.orElse(a), ","), split(setB.orElse(b), ","))
                    || setA.isPresent() && setB.isPresent() && same(setA.get(), setB.get());
        }
        if (bracketed(a) && bracketed(b)) {
            return a.charAt(0) == b.charAt(0)
                    && a.charAt(a.length() - 1) == b.charAt(b.length() - 1)
                    && inOrder(split(middle(a), ","), split(middle(b), ","));
        }
        return anyOrder(split(a, ","), split(b, ","));
    }

    private static Optional<String> inside(String text, String open, String close) {
        return text.startsWith(open) && text.endsWith(close) && text.length() >= open.length() + close.length()
                ? Optional.of(text.substring(open.length(), text.length() - close.length()))
                : Optional.empty();
    }

    /** One pair of brackets around it all: "(1,2)" but not "(1)+(2)". */
    private static boolean bracketed(String text) {
        return text.length() > 2
                && "([".indexOf(text.charAt(0)) >= 0
                && ")]".indexOf(text.charAt(text.length() - 1)) >= 0
                && split(middle(text), ",").size() > 1;
    }

    private static String middle(String text) {
        return text.substring(1, text.length() - 1);
    }

    private static boolean inOrder(List<String> a, List<String> b) {
        if (a.size() != b.size() || a.size() < 2) {
            return false;
        }
        for (int i = 0; i < a.size(); i++) {
            if (!same(a.get(i), b.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static boolean anyOrder(List<String> a, List<String> b) {
        if (a.size() != b.size() || a.size() < 2) {
            return false;
        }
        List<String> left = new ArrayList<>(b);
        for (String part : a) {
            Optional<String> match =
                    left.stream().filter(other -> same(part, other)).findFirst();
            if (match.isEmpty()) {
                return false;
            }
            left.remove(match.get());
        }
        return true;
    }

    /** Parts between separators outside of all brackets. */
    private static List<String> split(String text, String separator) {
        List<String> parts = new ArrayList<>();
        int depth = 0;
        int start = 0;
        for (int at = 0; at < text.length(); at++) {
            char c = text.charAt(at);
            if ("([{".indexOf(c) >= 0) {
                depth++;
            } else if (")]}".indexOf(c) >= 0) {
                depth--;
            } else if (depth == 0 && text.startsWith(separator, at)) {
                parts.add(text.substring(start, at));
                start = at + separator.length();
            }
        }
        parts.add(text.substring(start));
        return parts;
    }
}
