package org.dndllm;

/**
 * Native code failed in a way that validation did not foresee: it refused without a reason we can name, or it ran into
 * an assertion that would have ended the process. After an assertion the native thread is parked for good; other models
 * keep working, but the process should be restarted when convenient.
 */
public final class NativeFailureException extends DndException {
    private static final long serialVersionUID = 1L;

    public NativeFailureException(String message) {
        super(message);
    }

    public NativeFailureException(String message, Throwable cause) {
        super(message, cause);
    }
}
