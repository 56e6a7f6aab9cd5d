package org.dndllm.cli.experiment;

import java.util.List;
import java.util.Optional;

/**
 * One generator, trained and evaluated.
 *
 * @param name also of its folder
 * @param title for tables and charts
 * @param flags of {@code dnd train}, but for files
 * @param checkpoints whether it learns from LoRA checkpoints
 * @param controls whether it is compared with everything, or with the base model alone
 * @param evaluation further flags of {@code dnd eval}, which otherwise scores the held-out tasks
 * @param conditions where they come from, in a job that also measures how far apart they lie
 */
public record Job(
        String name,
        String title,
        List<String> flags,
        boolean checkpoints,
        boolean controls,
        List<String> evaluation,
        Optional<Conditions> conditions) {
    public Job {
        flags = List.copyOf(flags);
        evaluation = List.copyOf(evaluation);
    }

    /** With the conditions of the set's own encoder. */
    public Job(
            String name,
            String title,
            List<String> flags,
            boolean checkpoints,
            boolean controls,
            List<String> evaluation) {
        this(name, title, flags, checkpoints, controls, evaluation, Optional.empty());
    }

    /** Scored on the held-out tasks. */
    public Job(String name, String title, List<String> flags, boolean checkpoints, boolean controls) {
        this(name, title, flags, checkpoints, controls, List.of());
    }

    /**
     * A source of conditions.
     *
     * @param extractor kind and flags of {@code dnd extractor}, but for files; empty for the set's own encoder
     */
    public record Conditions(List<String> extractor) {
        public Conditions {
            extractor = List.copyOf(extractor);
        }
    }

    /** Kind and flags of the encoder that is made for this job, if there is one. */
    Optional<List<String>> extractor() {
        return conditions.map(Conditions::extractor).filter(flags -> !flags.isEmpty());
    }
}
