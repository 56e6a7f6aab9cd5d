package org.dndllm;

/**
 * The machine lacks something: a JDK, a native library, an execution provider, memory, disk space. The message says what
 * and how to get it. The command line ends with exit code 3.
 */
public final class EnvironmentException extends DndException {
    private static final long serialVersionUID = 1L;

    public EnvironmentException(String message) {
        super(message);
    }

    public EnvironmentException(String message, Throwable cause) {
        super(message, cause);
    }
}
