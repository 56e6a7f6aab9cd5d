package org.dndllm.eval.experiment;

import java.util.Optional;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.CanonicalForm;
import org.dndllm.lora.LoraWeights;

/**
 * What is done to a generated adapter before it answers.
 *
 * @param rank that it is cut to, exactly as {@code dnd lora rank} does; 0 for its own
 * @param type in which it reaches the model; the engine's own where empty
 */
public record Form(int rank, Optional<GgmlType> type) {
    /** As generated. */
    public static final Form OWN = new Form(0, Optional.empty());

    /** Cut to a rank. */
    public static Form ofRank(int rank) {
        return new Form(rank, Optional.empty());
    }

    /** Stored in a type. */
    public static Form ofType(GgmlType type) {
        return new Form(0, Optional.of(type));
    }

    LoraWeights apply(LoraWeights weights) {
        return rank == 0 || rank >= weights.rank()
                ? weights
                : CanonicalForm.ofRank(rank, weights).of(weights);
    }
}
