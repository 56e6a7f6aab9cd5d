package org.dndllm.serve.wire;

import java.io.IOException;

/** What came is not HTTP/1.1 as this server takes it; nothing after it on the connection can be trusted. */
public final class MalformedRequestException extends IOException {
    private static final long serialVersionUID = 1L;

    private final int status;

    MalformedRequestException(int status, String message) {
        super(message);
        this.status = status;
    }

    /** The status to answer with. */
    public int status() {
        return status;
    }
}
