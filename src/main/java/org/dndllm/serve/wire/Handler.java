package org.dndllm.serve.wire;

import java.io.IOException;

/** Answers requests. Called by many threads at once. */
public interface Handler {
    /** Answers one request. What it leaves unanswered ends the connection. */
    void handle(Exchange exchange) throws IOException;

    /** Answers what is no request; the exchange has no method, no target and no headers. */
    void refuse(Exchange exchange, MalformedRequestException problem) throws IOException;
}
