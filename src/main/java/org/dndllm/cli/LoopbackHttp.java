package org.dndllm.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.dndllm.EnvironmentException;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP/1.1 exchange with a server on this machine, for measurements. A plain socket: nothing is read before it is
 * asked for, so a streamed answer can be timed line by line, and the client costs little beside the server. Not for the
 * network: only {@code dnd pull} reaches for that.
 */
final class LoopbackHttp implements AutoCloseable {
    private static final int PATIENCE_MILLIS = 120_000;
    private static final int END = -1;

    private final Socket socket;
    private final InputStream in;
    private final int status;
    private final boolean chunked;
    private int left; // bytes of the chunk in progress
    private boolean ended;

    /** A whole answer. */
    record Reply(int status, byte[] body) {
        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }
    }

    /** Sends a request and reads the head of its answer. */
    LoopbackHttp(int port, String method, String path, String json) throws IOException {
        socket = new Socket(InetAddress.getLoopbackAddress(), port);
        try {
            socket.setTcpNoDelay(true);
            socket.setSoTimeout(PATIENCE_MILLIS);
            socket.getOutputStream().write(request(port, method, path, json));
            in = new BufferedInputStream(socket.getInputStream());
            status = status(rawLine());
            boolean inChunks = false;
            for (String header = rawLine(); !header.isEmpty(); header = rawLine()) {
                String lower = header.toLowerCase(Locale.ROOT);
                inChunks |= lower.startsWith("transfer-encoding:") && lower.endsWith("chunked");
            }
            chunked = inChunks;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    /** The bytes of a request. */
    static byte[] request(int port, String method, String path, String json) {
        byte[] body = json.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes((method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + port
                        + "\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
                        + body.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        request.writeBytes(body);
        return request.toByteArray();
    }

    /** Sends a request and reads its whole answer. */
    static Reply call(int port, String method, String path, String json) {
        try (LoopbackHttp exchange = new LoopbackHttp(port, method, path, json)) {
            ByteArrayOutputStream body = new ByteArrayOutputStream();
            for (int next = exchange.read(); next != END; next = exchange.read()) {
                body.write(next);
            }
            return new Reply(exchange.status, body.toByteArray());
        } catch (IOException e) {
            throw new EnvironmentException(
                    "no answer from the server on port " + port + " (" + e + "); see its messages", e);
        }
    }

    private static int status(String line) throws IOException {
        String[] words = line.split(" ", 3);
        if (words.length < 2 || !words[1].matches("\\d{3}")) {
            throw new IOException("'" + line + "' is no HTTP status line");
        }
        return Integer.parseInt(words[1]);
    }

    int status() {
        return status;
    }

    /** The next line of the body without its end; null after the last one. */
    @Nullable
    String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = read();
        if (next == END) {
            return null;
        }
        for (; next != '\n' && next != END; next = read()) {
            line.write(next);
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    /** The next byte of the body, or -1. */
    private int read() throws IOException {
        if (!chunked) {
            return in.read();
        }
        if (left == 0 && !ended) {
            nextChunk();
        }
        if (ended) {
            return END;
        }
        int next = in.read();
        if (next == END) {
            throw new IOException("the answer ends within a chunk");
        }
        if (--left == 0) {
            rawLine();
        }
        return next;
    }

    private void nextChunk() throws IOException {
        String size = rawLine();
        try {
            left = Integer.parseInt(size, 16);
        } catch (NumberFormatException e) {
            throw new IOException("'" + size + "' is no size of a chunk", e);
        }
        ended = left == 0;
    }

    /** A line of the head or between chunks. */
    private String rawLine() throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = in.read(); next != '\n'; next = in.read()) {
            if (next == END) {
                throw new IOException("the answer ends within a line");
            }
            if (next != '\r') {
                line.append((char) next);
            }
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
