package org.dndllm.hub;

import java.time.Duration;
import org.dndllm.EnvironmentException;

/**
 * A bounded number of attempts at one thing, with growing pauses between them or the pause that the server asks for.
 * Used by one thread.
 */
final class Retry {
    private static final int ATTEMPTS = 5;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(500);
    private static final Duration LONGEST_PAUSE = Duration.ofMinutes(2);

    private final String what;
    private final Wait wait;
    private int failures;
    private long furthest;

    /** @param what the thing, for messages */
    Retry(String what, Wait wait) {
        this.what = what;
        this.wait = wait;
    }

    /** One attempt; {@code E} is what ends all of them. */
    interface Attempt<T, E extends Exception> {
        T run() throws TransientFailure, E;
    }

    /**
     * Attempts until one succeeds.
     *
     * @throws EnvironmentException when all attempts failed, or the server asks for too long a pause
     */
    <T, E extends Exception> T untilDone(Attempt<T, E> attempt) throws E {
        while (true) {
            try {
                return attempt.run();
            } catch (TransientFailure e) {
                pauseAfter(e);
            }
        }
    }

    /**
     * Tells how many bytes there are. If never so many before, the attempts count from zero: a connection that is cut
     * now and then may take as many as it needs, a server that makes us start again and again may not.
     */
    void reached(long bytes) {
        if (bytes > furthest) {
            furthest = bytes;
            failures = 0;
        }
    }

    private void pauseAfter(TransientFailure failure) {
        failures++;
        if (failures >= ATTEMPTS) {
            throw new EnvironmentException(
                    what + ": failed " + failures + " times in a row, at last: " + failure.getMessage()
                            + "; check the network and try again later, what has come so far is kept",
                    failure);
        }
        Duration pause = failure.retryAfter().orElse(FIRST_PAUSE.multipliedBy(1L << (failures - 1)));
        if (pause.compareTo(LONGEST_PAUSE) > 0) {
            throw new EnvironmentException(
                    what + ": " + failure.getMessage() + ", and the server asks to wait " + pause.toSeconds()
                            + " s; try again after that, what has come so far is kept",
                    failure);
        }
        try {
            wait.pass(pause);
        } catch (InterruptedException e) {
            throw Stopped.now(e);
        }
    }
}
