package org.dndllm.serve.schedule;

/**
 * How many prompt tokens may ride along in a step while others stream: as many as lengthen the step by about the time of
 * a step without prompts, by running means of what steps took. So a stream's tokens never come more than about twice as
 * slowly because someone else sent a long prompt. One thread at a time.
 */
final class PrefillBudget {
    private static final int LEAST = 8;
    private static final int FIRST = 32; // until something was measured
    private static final double WEIGHT = 0.2;

    private double plainNanos; // mean step without prompt tokens
    private double promptTokenNanos; // mean cost of a prompt token in a step

    /** Prompt tokens for a step in which streams wait. */
    int tokens(int most) {
        if (plainNanos == 0 || promptTokenNanos == 0) {
            return Math.min(most, FIRST);
        }
        return (int) Math.max(Math.min(most, LEAST), Math.min(most, plainNanos / promptTokenNanos));
    }

    /**
     * Learns from a step.
     *
     * @param promptTokens of the batch
     * @param streams tokens of the batch that were not prompt
     */
    void learn(int promptTokens, int streams, long nanos) {
        if (promptTokens == 0) {
            plainNanos = mean(plainNanos, nanos);
            return;
        }
        double own = streams == 0 ? nanos : Math.max(0, nanos - plainNanos);
        if (promptTokens >= LEAST) { // a single token costs a whole pass over the weights and says nothing of many
            promptTokenNanos = mean(promptTokenNanos, own / promptTokens);
        }
    }

    private static double mean(double before, double value) {
        return before == 0 ? value : before + WEIGHT * (value - before);
    }
}
