package org.dndllm.eval.sandbox;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/**
 * Equality of printed answers, as LiveCodeBench has it: line by line after trimming, without blank lines at the end; a
 * line also equals another when both are numbers separated by space and these are equal.
 */
final class Lines {
    /** Longer ones are text; the cost of comparing numbers has no bound otherwise. */
    private static final int MAX_DIGITS = 64;

    private Lines() {}

    static boolean equal(String expected, String found) {
        List<String> one = lines(expected);
        List<String> other = lines(found);
        if (one.size() != other.size()) {
            return false;
        }
        for (int i = 0; i < one.size(); i++) {
            if (!one.get(i).equals(other.get(i)) && !sameNumbers(one.get(i), other.get(i))) {
                return false;
            }
        }
        return true;
    }

    private static List<String> lines(String text) {
        return text.strip().lines().map(String::strip).toList();
    }

    private static boolean sameNumbers(String line, String other) {
        String[] one = line.split("\\s+", -1);
        String[] two = other.split("\\s+", -1);
        if (one.length != two.length) {
            return false;
        }
        for (int i = 0; i < one.length; i++) {
            Optional<BigDecimal> left = number(one[i]);
            Optional<BigDecimal> right = number(two[i]);
            if (left.isEmpty() || right.isEmpty() || left.get().compareTo(right.get()) != 0) {
                return false;
            }
        }
        return true;
    }

    private static Optional<BigDecimal> number(String word) {
        if (word.length() > MAX_DIGITS) {
            return Optional.empty();
        }
        try {
            return Optional.of(new BigDecimal(word));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }
}
