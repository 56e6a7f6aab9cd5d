package org.dndllm.eval.report;

import java.util.Locale;
import org.dndllm.eval.Estimate;

/** How numbers are written, everywhere alike. */
final class Percent {
    private static final double SMALLEST_P = 1e-4;

    private Percent() {}

    static String of(double share) {
        return String.format(Locale.ROOT, "%.1f", 100 * share);
    }

    static String bounds(Estimate estimate) {
        return "[" + of(estimate.low()) + ", " + of(estimate.high()) + "]";
    }

    static String interval(Estimate estimate) {
        return of(estimate.value()) + " % " + bounds(estimate);
    }

    static String signed(Estimate difference) {
        return String.format(
                Locale.ROOT,
                "%+.1f [%+.1f, %+.1f]",
                100 * difference.value(),
                100 * difference.low(),
                100 * difference.high());
    }

    static String p(double p) {
        return p < SMALLEST_P ? "< 0.0001" : String.format(Locale.ROOT, "%.4f", p);
    }
}
