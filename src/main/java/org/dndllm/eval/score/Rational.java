package org.dndllm.eval.score;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An exact number in lowest terms, the denominator positive: 0.50 and \frac{1}{2} are equal, 0.333 and \frac{1}{3} are not. */
record Rational(BigInteger numerator, BigInteger denominator) {
    private static final int LONGEST = 200; // digits; a model may write thousands

    private static final String DECIMAL = "(?:\\d+\\.?\\d*|\\.\\d+)";
    private static final Pattern PLAIN = Pattern.compile("([-+]?)(" + DECIMAL + ")");
    private static final Pattern SLASH = Pattern.compile("([-+]?)(" + DECIMAL + ")/(" + DECIMAL + ")");
    /** {@code \frac{a}{b}}, a whole number before it making a mixed number, as MATH's answers use it. */
    private static final Pattern FRACTION =
            Pattern.compile("([-+]?)(\\d*)\\\\frac\\{(-?" + DECIMAL + ")\\}\\{(-?" + DECIMAL + ")\\}");

    Rational {
        BigInteger divisor = numerator.gcd(denominator);
        if (denominator.signum() < 0) {
            divisor = divisor.negate();
        }
        numerator = numerator.divide(divisor);
        denominator = denominator.divide(divisor);
    }

    /** Reads {@code -1.50}, {@code 3/4}, {@code \frac{3}{4}} or {@code 2\frac{1}{2}}; empty for anything else. */
    static Optional<Rational> parse(String text) {
        if (text.length() > LONGEST) {
            return Optional.empty();
        }
        Matcher plain = PLAIN.matcher(text);
        if (plain.matches()) {
            return signed(plain.group(1), decimal(plain.group(2)));
        }
        Matcher slash = SLASH.matcher(text);
        if (slash.matches()) {
            return over(decimal(slash.group(2)), decimal(slash.group(3)))
                    .flatMap(value -> signed(slash.group(1), value));
        }
        Matcher fraction = FRACTION.matcher(text);
        if (!fraction.matches()) {
            return Optional.empty();
        }
        Rational whole = decimal(fraction.group(2).isEmpty() ? "0" : fraction.group(2));
        return over(decimal(fraction.group(3)), decimal(fraction.group(4)))
                .flatMap(part -> signed(fraction.group(1), whole.plus(part)));
    }

    private static Rational decimal(String text) {
        BigDecimal value = new BigDecimal(text);
        BigDecimal scaled = value.scale() > 0 ? value.movePointRight(value.scale()) : value;
        return new Rational(scaled.toBigIntegerExact(), BigInteger.TEN.pow(Math.max(0, value.scale())));
    }

    private static Optional<Rational> signed(String sign, Rational value) {
        return Optional.of(sign.equals("-") ? new Rational(value.numerator.negate(), value.denominator) : value);
    }

    private static Optional<Rational> over(Rational top, Rational bottom) {
        return bottom.numerator.signum() == 0
                ? Optional.empty()
                : Optional.of(new Rational(
                        top.numerator.multiply(bottom.denominator), top.denominator.multiply(bottom.numerator)));
    }

    private Rational plus(Rational other) {
        return new Rational(
                numerator.multiply(other.denominator).add(other.numerator.multiply(denominator)),
                denominator.multiply(other.denominator));
    }

    @Override
    public String toString() {
        return denominator.equals(BigInteger.ONE) ? numerator.toString() : numerator + "/" + denominator;
    }
}
