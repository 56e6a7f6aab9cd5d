package org.dndllm.cli;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;

/** Sizes of memory as java's -Xmx spells them: a whole number and k, m, g or t, each 1024 of the one before. */
final class MemorySize {
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,18})([kmgt]?)");
    private static final String UNITS = "kmgt";

    private MemorySize() {}

    /**
     * Bytes of a size.
     *
     * @param flag that it was given for
     * @param least bytes that are accepted
     * @throws InvalidInputException when it is no size, or less
     */
    static long parse(String flag, String given, long least) {
        Matcher size = SIZE.matcher(given.strip().toLowerCase(Locale.ROOT));
        if (!size.matches()) {
            throw Flags.wrong(flag, "is '" + given + "', expected a whole number with k, m, g or t, such as 24g");
        }
        int power = size.group(2).isEmpty() ? 0 : 1 + UNITS.indexOf(size.group(2));
        long bytes;
        try {
            bytes = Math.multiplyExact(Long.parseLong(size.group(1)), 1L << 10 * power);
        } catch (ArithmeticException e) {
            throw new InvalidInputException(
                    Flags.COMMAND_LINE,
                    flag,
                    "is '" + given + "', which is more than 8 exabytes; give what there is",
                    e);
        }
        if (bytes < least) {
            throw Flags.wrong(flag, "is '" + given + "', expected at least " + text(least));
        }
        return bytes;
    }

    /** Bytes with the largest unit that leaves a whole number. */
    static String text(long bytes) {
        int power = Math.min(UNITS.length(), Long.numberOfTrailingZeros(bytes) / 10);
        return (bytes >> 10 * power) + (power == 0 ? "" : UNITS.substring(power - 1, power));
    }
}
