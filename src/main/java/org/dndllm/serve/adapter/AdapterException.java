package org.dndllm.serve.adapter;

/** What was asked of the registry cannot be done; the code says what the caller can do about it. */
public final class AdapterException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Code code;

    /** Why, for programs. */
    public enum Code {
        /** There is no adapter of that name or id. */
        NOT_FOUND,
        /** The name is taken; ask for a replacement or choose another. */
        ALREADY_LOADED,
        /** The adapter of that name is another one than expected. */
        GENERATION_MISMATCH,
        /** Its rank is higher than the server takes. */
        RANK_LIMIT_EXCEEDED,
        /** The file or the request is no usable adapter. */
        INVALID,
        /** Loading by path is switched off, or the path leaves the adapter root. */
        PATH_FORBIDDEN,
        /** Other adapters are being loaded or generated; try again. */
        BUSY,
        /** As many adapters are loaded as the server takes; unload one. */
        LIMIT_REACHED,
        /** There is no generator of that name, or none at all. */
        GENERATOR_NOT_FOUND
    }

    AdapterException(Code code, String message) {
        super(message);
        this.code = code;
    }

    AdapterException(Code code, String message, Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** Why. */
    public Code code() {
        return code;
    }
}
