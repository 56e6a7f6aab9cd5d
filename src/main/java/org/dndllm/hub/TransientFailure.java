package org.dndllm.hub;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The network's failure, which another attempt may mend: a cut connection, a busy or broken server. */
final class TransientFailure extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Optional<Duration> retryAfter;

    TransientFailure(String reason, @Nullable Throwable cause) {
        super(reason, cause);
        this.retryAfter = Optional.empty();
    }

    TransientFailure(String reason, Optional<Duration> retryAfter) {
        super(reason);
        this.retryAfter = retryAfter;
    }

    /** How long the server asks to wait, if it says so. */
    Optional<Duration> retryAfter() {
        return retryAfter;
    }
}
