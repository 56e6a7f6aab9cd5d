package org.dndllm.eval.report;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * What became of a claim.
 *
 * @param evidence the numbers, or why there are none
 */
public record Verdict(Claim claim, Outcome outcome, String evidence) {

    /** The three things that can be said. */
    public enum Outcome {
        /** The rule holds. */
        SUPPORTED,
        /** The rule does not hold. This is no proof of the opposite. */
        NOT_SUPPORTED,
        /** A job that it needs was not measured. */
        NOT_TESTED;

        /** In words. */
        public String label() {
            return name().toLowerCase(Locale.ROOT).replace('_', ' ');
        }
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("claim", claim.text());
        json.put("verdict", outcome.label());
        json.put("evidence", evidence);
        return json;
    }
}
