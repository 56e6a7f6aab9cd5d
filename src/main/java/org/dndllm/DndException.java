package org.dndllm;

/**
 * Root of every exception that this project throws on purpose. Subclasses are named by what the caller can do:
 * mend the input, mend the machine, or restart the process.
 *
 * <p>A message has three parts: what failed (path, tensor, number), what was expected, what to do next.
 */
public abstract sealed class DndException extends RuntimeException
        permits EnvironmentException, InvalidInputException, NativeFailureException {
    private static final long serialVersionUID = 1L;

    protected DndException(String message) {
        super(message);
    }

    protected DndException(String message, Throwable cause) {
        super(message, cause);
    }
}
