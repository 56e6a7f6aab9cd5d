package org.dndllm.serve.schedule;

/** As many requests wait as may wait; nothing was accepted. Try again a little later. */
public final class QueueFullException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    QueueFullException(int waiting) {
        super(waiting + " requests are waiting already, no more are taken; try again in a moment");
    }
}
