package org.dndllm.hub;

/** Told how far a pull has come. Called by one thread at a time; must return quickly and must not throw. */
@FunctionalInterface
public interface PullProgress {
    /** Listens to nothing. */
    PullProgress NONE = (done, total) -> {};

    /**
     * @param done bytes that are there; may shrink when a server makes a download start again
     * @param total bytes of all files
     */
    void advanced(long done, long total);
}
