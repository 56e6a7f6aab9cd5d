package org.dndllm.hub;

import org.dndllm.EnvironmentException;

/** What happens to a thread that is interrupted because the pull as a whole has ended. */
final class Stopped {
    private Stopped() {}

    static EnvironmentException now(InterruptedException interrupt) {
        Thread.currentThread().interrupt();
        return new EnvironmentException("the download was stopped; start it again to go on where it was", interrupt);
    }
}
