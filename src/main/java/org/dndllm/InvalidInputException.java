package org.dndllm;

/**
 * A file, a field of a file or an argument is not what it must be. The caller mends that input and tries again; models,
 * adapters and stored data are as they were.
 */
public final class InvalidInputException extends DndException {
    private static final long serialVersionUID = 1L;

    private final String source;
    private final String field;

    /**
     * @param source the file (or {@code "<memory>"}, {@code "<stdin>"}) that is wrong
     * @param field the header field, tensor, line or argument inside it
     * @param problem what was found, what was expected and what to do, as one or more plain sentences
     */
    public InvalidInputException(String source, String field, String problem) {
        super(source + ": " + field + ": " + problem);
        this.source = source;
        this.field = field;
    }

    /** As {@link #InvalidInputException(String, String, String)}, keeping the exception that revealed the problem. */
    public InvalidInputException(String source, String field, String problem, Throwable cause) {
        super(source + ": " + field + ": " + problem, cause);
        this.source = source;
        this.field = field;
    }

    /** The file, or a name in angle brackets when the bytes did not come from a file. */
    public String source() {
        return source;
    }

    /** The field, tensor, line or argument at fault. */
    public String field() {
        return field;
    }
}
