package org.dndllm.serve.http;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.dndllm.serve.wire.Exchange;
import org.jspecify.annotations.Nullable;

/** One request and its answer. Used by one thread. */
final class Call {
    private static final String BODY = "request body";

    private final Exchange exchange;
    private final String name; // the part of the path that varies, or empty
    private final int mostBytes;
    private int status;

    Call(Exchange exchange, String name, int mostBytes) {
        this.exchange = exchange;
        this.name = name;
        this.mostBytes = mostBytes;
    }

    /** What stands for the variable part of the route's path. */
    String name() {
        return name;
    }

    /** The status that was sent or begun; 0 before. */
    int status() {
        return status;
    }

    /** The body as a JSON object. */
    JsonValue.Obj json() throws IOException {
        requireJsonType();
        return JsonValue.parse(body(), BODY, mostBytes).asObject(BODY);
    }

    /** The body as JSON of any kind. */
    JsonValue anyJson() throws IOException {
        requireJsonType();
        return JsonValue.parse(body(), BODY, mostBytes);
    }

    /** Whether the body says that it is a form with files. */
    boolean isForm() {
        return mediaType().equals(Multipart.TYPE);
    }

    /**
     * The body as a form with files. A page can post a form anywhere without asking first, but its origin comes with it,
     * and the gate has refused a foreign one.
     */
    List<Multipart.Part> form() throws IOException {
        return Multipart.parse(body(), contentType());
    }

    /** A page can post a form anywhere without asking first; it cannot post JSON. */
    private void requireJsonType() {
        if (!mediaType().equals("application/json")) {
            throw new ApiException(
                    415, "unsupported_media_type", "send the body as JSON, with Content-Type: application/json");
        }
    }

    private String contentType() {
        return exchange.headers().first("Content-Type").orElse("");
    }

    /** The type without its parameters. */
    private String mediaType() {
        return contentType().toLowerCase(Locale.ROOT).replaceFirst(";.*", "").strip();
    }

    private byte[] body() throws IOException {
        if (exchange.headers()
                .first("Content-Length")
                .filter(length -> Long.parseLong(length) > mostBytes)
                .isPresent()) {
            throw tooLarge(); // before it is asked for
        }
        byte[] bytes = exchange.body().readNBytes(mostBytes + 1);
        if (bytes.length > mostBytes) {
            throw tooLarge();
        }
        return bytes;
    }

    private ApiException tooLarge() {
        return new ApiException(
                413, "request_too_large", "the request body is longer than " + mostBytes + " bytes; send less");
    }

    /** A parameter behind the question mark. */
    Optional<String> query(String key) {
        @Nullable String query = exchange.target().getQuery();
        if (query == null) {
            return Optional.empty();
        }
        for (String pair : query.split("&", -1)) {
            if (pair.startsWith(key + "=")) {
                return Optional.of(pair.substring(key.length() + 1));
            }
        }
        return Optional.empty();
    }

    /** A header of the request. */
    Optional<String> requestHeader(String key) {
        return exchange.headers().first(key);
    }

    /**
     * Runs {@code action} when the client leaves before it has its answer, on another thread; from then on nothing can be
     * sent. To be called when the body was read; the last action counts.
     */
    void onGone(Runnable action) {
        exchange.onGone(action);
    }

    /** Sets a header of the answer. */
    void header(String key, String value) {
        exchange.answerHeaders().set(key, value);
    }

    /** Answers with JSON. */
    void send(int code, Map<String, ?> json) throws IOException {
        send(code, "application/json", JsonWriter.compact(json).getBytes(StandardCharsets.UTF_8));
    }

    /** Answers with a JSON list. */
    void sendList(int code, List<? extends Map<String, ?>> items) throws IOException {
        String joined = items.stream().map(JsonWriter::compact).collect(Collectors.joining(",", "[", "]"));
        send(code, "application/json", joined.getBytes(StandardCharsets.UTF_8));
    }

    /** Answers with bytes. */
    void send(int code, String type, byte[] bytes) throws IOException {
        try (OutputStream out = begin(code, type, OptionalLong.of(bytes.length))) {
            out.write(bytes);
        }
    }

    /** Answers with nothing. */
    void sendEmpty(int code) throws IOException {
        status = code;
        exchange.answer(code, OptionalLong.of(0)).close();
    }

    /** Begins an answer of unknown length. */
    OutputStream stream(String type) throws IOException {
        return begin(200, type, OptionalLong.empty());
    }

    /** Begins an answer of {@code length} bytes. */
    OutputStream stream(String type, long length) throws IOException {
        return begin(200, type, OptionalLong.of(length));
    }

    private OutputStream begin(int code, String type, OptionalLong length) throws IOException {
        status = code;
        header("Content-Type", type);
        header("Cache-Control", "no-cache");
        header("X-Content-Type-Options", "nosniff");
        return exchange.answer(code, length);
    }
}
