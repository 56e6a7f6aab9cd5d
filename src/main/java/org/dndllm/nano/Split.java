package org.dndllm.nano;

/**
 * What a list may be used for. The content of a list decides, so that the splits of all tasks and all pretraining text
 * are disjoint by construction.
 */
public enum Split {
    TRAIN,
    VALIDATION,
    TEST;

    /**
     * The only split in which a content may occur.
     *
     * @param content what identifies an item's list, the same for every order of it
     */
    static Split of(String content, WorldSpec spec) {
        double place = (Mixing.hash(content) >>> 11) * 0x1p-53; // in [0, 1)
        if (place < spec.trainShare()) {
            return TRAIN;
        }
        return place < spec.trainShare() + spec.validationShare() ? VALIDATION : TEST;
    }

    /** As in file names: {@code train}, {@code validation}, {@code test}. */
    public String label() {
        return switch (this) {
            case TRAIN -> "train";
            case VALIDATION -> "validation";
            case TEST -> "test";
        };
    }
}
