package org.dndllm.eval.diagnosis;

/** What can be wrong with an adapter. */
public enum Fault {
    /** The file is none that this project reads: malformed, or of a kind that is not supported. */
    UNREADABLE,
    /** A value, or a logit of the model with the adapter, is NaN or infinite. */
    NON_FINITE,
    /** Made for another base model: other shapes, or other weights by its provenance. */
    OTHER_BASE,
    /** Every change of a weight is zero. */
    ZERO,
    /** The model answers exactly as without it. */
    NO_EFFECT,
    /** It changes the weights by more than the weights themselves, or by far more than a reference adapter. */
    HUGE,
    /** Its opposite is what was wanted. */
    SIGN_FLIPPED,
    /** The right answers are less likely with it than without. */
    WORSE_THAN_BASE
}
