package org.dndllm.hub;

/** Adds up the bytes of all files of a pull. */
final class ByteMeter {
    private final PullProgress progress;
    private final long total;
    private long done;

    ByteMeter(PullProgress progress, long total) {
        this.progress = progress;
        this.total = total;
    }

    /** @param bytes that came, or negative for bytes that were dropped */
    synchronized void add(long bytes) {
        done += bytes;
        progress.advanced(done, total);
    }
}
