package org.dndllm.engine;

/**
 * Told how far a long step has come. Called on the working thread; must return quickly. Throws nothing but a {@link
 * java.util.concurrent.CancellationException}, which ends the work before its next stage.
 */
@FunctionalInterface
public interface Progress {
    /** Listens to nothing. */
    Progress NONE = (stage, done, total) -> {};

    /**
     * @param stage what is being done, a few words
     * @param done how many of {@code total} parts are finished; {@code done == total} ends the stage
     * @param total how many parts there are
     */
    void advanced(String stage, long done, long total);
}
