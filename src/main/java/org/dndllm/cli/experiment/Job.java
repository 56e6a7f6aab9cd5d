package org.dndllm.cli.experiment;

import java.util.List;

/**
 * One generator, trained and evaluated.
 *
 * @param name also of its folder
 * @param title for tables and charts
 * @param flags of {@code dnd train}, but for files
 * @param checkpoints whether it learns from LoRA checkpoints
 * @param controls whether it is compared with everything, or with the base model alone
 * @param evaluation further flags of {@code dnd eval}, which otherwise scores the held-out tasks
 */
public record Job(
        String name, String title, List<String> flags, boolean checkpoints, boolean controls, List<String> evaluation) {
    public Job {
        flags = List.copyOf(flags);
        evaluation = List.copyOf(evaluation);
    }

    /** Scored on the held-out tasks. */
    public Job(String name, String title, List<String> flags, boolean checkpoints, boolean controls) {
        this(name, title, flags, checkpoints, controls, List.of());
    }
}
