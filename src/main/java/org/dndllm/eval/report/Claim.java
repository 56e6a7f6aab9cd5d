package org.dndllm.eval.report;

import java.util.List;
import java.util.stream.Stream;

/**
 * A sentence that a report says to be supported or not, by a rule that is fixed before anything is measured.
 *
 * @param text the claim, in plain words
 * @param rule when it holds
 */
public record Claim(String text, Rule rule) {

    /** When a claim holds. Jobs are named. */
    public sealed interface Rule {
        /** Names of the jobs that it needs. */
        List<String> jobs();
    }

    /**
     * Job {@code one} is better than each of {@code others}: p below 0.05 after correction, and the 95 % interval of the
     * difference over tasks above zero.
     */
    public record Better(String one, List<String> others) implements Rule {
        public Better {
            others = List.copyOf(others);
        }

        @Override
        public List<String> jobs() {
            return Stream.concat(Stream.of(one), others.stream()).toList();
        }
    }

    /** The whole interval of {@code one} minus {@code other} is at most {@code margin}, a share of the items. */
    public record AtMost(String one, String other, double margin) implements Rule {
        @Override
        public List<String> jobs() {
            return List.of(one, other);
        }
    }

    /** The whole interval of {@code one} minus {@code other} is at least {@code -margin}. */
    public record NoWorse(String one, String other, double margin) implements Rule {
        @Override
        public List<String> jobs() {
            return List.of(one, other);
        }
    }

    /**
     * Prompts of job {@code strange} are flagged as outside, those of {@code familiar} are not: the interval of the share of
     * flagged draws is above a half for the one and below a half for the other.
     */
    public record Flags(String strange, String familiar) implements Rule {
        @Override
        public List<String> jobs() {
            return List.of(strange, familiar);
        }
    }

    /** The seconds of {@code slow} are at least {@code times} those of {@code quick}, by the whole interval over tasks. */
    public record Quicker(String quick, String slow, double times) implements Rule {
        @Override
        public List<String> jobs() {
            return List.of(quick, slow);
        }
    }

    /**
     * From some job of {@code growing} on, that job and all later ones are better than each of {@code controls}, in the sense
     * of {@link Better}.
     *
     * @param growing jobs in order, such as those of growing numbers of training tasks
     */
    public record Threshold(List<String> growing, List<String> controls) implements Rule {
        public Threshold {
            growing = List.copyOf(growing);
            controls = List.copyOf(controls);
        }

        @Override
        public List<String> jobs() {
            return Stream.concat(growing.stream(), controls.stream()).toList();
        }
    }
}
