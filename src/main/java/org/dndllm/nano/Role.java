package org.dndllm.nano;

/** What a task is for. */
public enum Role {
    /** Generators are trained on it. */
    TRAIN,
    /** An unseen combination that says when to stop training. */
    VALIDATION,
    /** An unseen combination that is only scored. */
    HELD_OUT,
    /** Of another family: a generator should say that it does not know it. */
    OUTSIDE;

    /** As in {@code world.json}: {@code train}, {@code validation}, {@code held-out}, {@code outside}. */
    public String label() {
        return switch (this) {
            case TRAIN -> "train";
            case VALIDATION -> "validation";
            case HELD_OUT -> "held-out";
            case OUTSIDE -> "outside";
        };
    }
}
