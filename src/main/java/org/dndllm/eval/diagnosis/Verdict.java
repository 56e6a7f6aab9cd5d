package org.dndllm.eval.diagnosis;

import java.util.Locale;

/** What a change of weights is, beside the changes that it is compared with. */
public enum Verdict {
    /** Its cosine with one of them is at least {@link #SAME}. */
    COPIES,
    /** Its cosine with the best weighted sum of them is at least {@link #SAME}. */
    INTERPOLATES,
    /** At least half of its squared norm lies in their span. */
    PARTLY_INSIDE,
    /** More than half of its squared norm is at right angles to all of them. */
    OUTSIDE;

    /** From this cosine on two changes are one: less than a tenth of the squared norm differs. */
    public static final double SAME = 0.95;

    private static final double HALF = 0.5;

    /**
     * By the nearest single change and by the span of all.
     *
     * @param cosine with the nearest change
     * @param inside share of the squared norm in the span, the square of the cosine with the best weighted sum
     */
    static Verdict of(double cosine, double inside) {
        if (cosine >= SAME) {
            return COPIES;
        }
        if (inside >= SAME * SAME) {
            return INTERPOLATES;
        }
        return inside >= HALF ? PARTLY_INSIDE : OUTSIDE;
    }

    /** For files and JSON. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** For people: what it is to the references, the nearest of which is named. */
    public String words(String nearest) {
        return switch (this) {
            case COPIES -> "copies " + nearest;
            case INTERPOLATES -> "interpolates";
            case PARTLY_INSIDE -> "partly inside the span";
            case OUTSIDE -> "outside the span";
        };
    }
}
