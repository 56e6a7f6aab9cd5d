package org.dndllm.serve.wire;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** One request and its answer. Used by one thread, but for the action of {@link #onGone}. */
public final class Exchange {
    private static final Map<Integer, String> REASONS = Map.ofEntries(
            Map.entry(200, "OK"),
            Map.entry(204, "No Content"),
            Map.entry(304, "Not Modified"),
            Map.entry(400, "Bad Request"),
            Map.entry(401, "Unauthorized"),
            Map.entry(403, "Forbidden"),
            Map.entry(404, "Not Found"),
            Map.entry(405, "Method Not Allowed"),
            Map.entry(409, "Conflict"),
            Map.entry(413, "Content Too Large"),
            Map.entry(415, "Unsupported Media Type"),
            Map.entry(429, "Too Many Requests"),
            Map.entry(431, "Request Header Fields Too Large"),
            Map.entry(500, "Internal Server Error"),
            Map.entry(501, "Not Implemented"),
            Map.entry(503, "Service Unavailable"),
            Map.entry(504, "Gateway Timeout"),
            Map.entry(505, "HTTP Version Not Supported"));

    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US);

    private final RequestHead head;
    private final Connection connection;
    private final RequestBody body;
    private final Headers answerHeaders = new Headers();
    private @Nullable AnswerStream answer;
    private boolean keepsAlive;
    private volatile boolean gone;

    Exchange(RequestHead head, Connection connection) {
        this.head = head;
        this.connection = connection;
        body = new RequestBody(connection.in(), head, this::invite, connection::received);
    }

    /** Of the request, in capitals as sent. */
    public String method() {
        return head.method();
    }

    /** What is asked for. */
    public URI target() {
        return head.target();
    }

    /** Of the request. */
    public Headers headers() {
        return head.headers();
    }

    /** Of the answer; what is set after {@link #answer} comes too late. */
    public Headers answerHeaders() {
        return answerHeaders;
    }

    /** Of the request; reading it throws {@link MalformedRequestException} where its framing is wrong. */
    public InputStream body() {
        return body;
    }

    private void invite() throws IOException {
        if (head.expectsContinue()) {
            connection.out().write("HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        }
    }

    /**
     * Runs {@code action} on another thread when the client ends the connection before the answer is whole; at once if it
     * has already. From then on nothing can be sent. Only after the body was read to its end; the last action counts. A
     * client that ends only its own direction is taken to be gone as well: the two look alike.
     */
    public void onGone(Runnable action) {
        if (!body.isAtEnd()) {
            throw new IllegalStateException("the client is watched before its request was read");
        }
        connection.in().onGone(() -> {
            gone = true;
            action.run();
        });
    }

    /** Whether the client was seen to leave. */
    public boolean isGone() {
        return gone;
    }

    /**
     * Begins the answer. The caller closes the stream.
     *
     * @param length of the body; empty where it is not known
     */
    public OutputStream answer(int status, OptionalLong length) throws IOException {
        if (answer != null) {
            throw new IllegalStateException("the request was answered already");
        }
        keepsAlive = head.keepsAlive() && body.isAtEnd() && !answerHeaders.lists("Connection", "close");
        AnswerStream.Framing framing = framing(status, length.isPresent());
        AnswerStream fresh = new AnswerStream(
                new Guarded(), lines(status, framing, length), framing, length.orElse(0), connection.in()::forget);
        answer = fresh;
        connection.received(); // however much of the request is left, the answer takes its own time
        return fresh;
    }

    private AnswerStream.Framing framing(int status, boolean known) {
        if (status == 204 || status == 304 || head.method().equals("HEAD")) {
            return AnswerStream.Framing.NOTHING;
        }
        if (known) {
            return AnswerStream.Framing.LENGTH;
        }
        return head.modern() ? AnswerStream.Framing.CHUNKS : AnswerStream.Framing.CONNECTION;
    }

    private byte[] lines(int status, AnswerStream.Framing framing, OptionalLong length) {
        StringBuilder lines = new StringBuilder(256);
        lines.append("HTTP/1.1 ")
                .append(status)
                .append(' ')
                .append(REASONS.getOrDefault(status, ""))
                .append("\r\n");
        lines.append("Date: ")
                .append(DATE.format(ZonedDateTime.now(ZoneOffset.UTC)))
                .append("\r\n");
        if (!keepsAlive) {
            answerHeaders.set("Connection", "close");
        }
        answerHeaders.write(lines);
        if (framing == AnswerStream.Framing.CHUNKS) {
            lines.append("Transfer-Encoding: chunked\r\n");
        } else if (framing == AnswerStream.Framing.LENGTH) {
            lines.append("Content-Length: ").append(length.orElse(0)).append("\r\n");
        }
        return lines.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** Whether a further request may follow on the connection. */
    boolean mayGoOn() {
        return keepsAlive && isAnswered();
    }

    /** Whether the answer was sent, so that an orderly end of the connection is due. */
    boolean isAnswered() {
        return answer != null && answer.isWhole();
    }

    /** Sends nothing to a client that was seen to leave: an answer that was cut short must not look whole. */
    private final class Guarded extends OutputStream {
        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            if (gone) {
                throw new IOException("the client has ended the connection");
            }
            connection.out().write(bytes, offset, length);
        }
    }
}
