package org.dndllm.serve.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.dndllm.format.JsonWriter;

/** Server-sent events. Every event is flushed at once. A client that is gone shows as an IOException. */
final class SseStream implements AutoCloseable {
    private final OutputStream out;

    private SseStream(OutputStream out) {
        this.out = out;
    }

    static SseStream open(Call call) throws IOException {
        return new SseStream(call.stream("text/event-stream; charset=utf-8"));
    }

    /** An event without a name. */
    void data(Map<String, ?> json) throws IOException {
        write("data: " + JsonWriter.compact(json) + "\n\n");
    }

    /** An event without a name, of JSON that is written already. */
    void json(String json) throws IOException {
        write("data: " + json + "\n\n");
    }

    /** A named event. */
    void event(String name, Map<String, ?> json) throws IOException {
        write("event: " + name + "\ndata: " + JsonWriter.compact(json) + "\n\n");
    }

    /** A comment: keeps the connection alive, and tells when nobody listens any more. */
    void ping() throws IOException {
        write(": ping\n\n");
    }

    /** The end, as OpenAI's clients expect it; leaves with the end of the stream. */
    void done() throws IOException {
        out.write("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
    }

    private void write(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    @Override
    public void close() throws IOException {
        out.close();
    }
}
