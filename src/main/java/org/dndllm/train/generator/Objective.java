package org.dndllm.train.generator;

import java.util.Locale;
import org.dndllm.InvalidInputException;

/** What a generator is trained for. */
public enum Objective {
    /** Answers of the frozen base model under the generated adapter: cross-entropy. Needs no checkpoints. */
    TASK(true, false),
    /** Weight tokens of collected checkpoints: weighted squared error. Source: arXiv 2506.16406 §3. */
    RECON(false, true),
    /** Both. */
    RECON_AND_TASK(true, true);

    private final boolean answers;
    private final boolean reconstructs;

    Objective(boolean answers, boolean reconstructs) {
        this.answers = answers;
        this.reconstructs = reconstructs;
    }

    /**
     * The constant of a flag: {@code task}, {@code recon} or {@code recon+task}.
     *
     * @throws InvalidInputException for another name
     */
    public static Objective named(String name) {
        for (Objective objective : values()) {
            if (objective.label().equals(name.toLowerCase(Locale.ROOT))) {
                return objective;
            }
        }
        throw new InvalidInputException(
                "training options", "objective", "is '" + name + "', expected one of [task, recon, recon+task]");
    }

    /** As in flags and manifests. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace("_and_", "+");
    }

    /** Whether the base model's answers count. */
    public boolean answers() {
        return answers;
    }

    /** Whether checkpoints are needed. */
    public boolean reconstructs() {
        return reconstructs;
    }
}
