package org.dndllm.serve.http;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;
import org.jspecify.annotations.Nullable;

/** One request and its answer. Used by one thread. */
final class Call {
    private static final String BODY = "request body";

    private final HttpExchange exchange;
    private final String name; // the part of the path that varies, or empty
    private final int mostBytes;
    private int status;

    Call(HttpExchange exchange, String name, int mostBytes) {
        this.exchange = exchange;
        this.name = name;
        this.mostBytes = mostBytes;
    }

    /** What stands for the variable part of the route's path. */
    String name() {
        return name;
    }

    /** The status that was sent; 0 before. */
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
        @Nullable String type = exchange.getRequestHeaders().getFirst("Content-Type");
        return type == null ? "" : type;
    }

    /** The type without its parameters. */
    private String mediaType() {
        return contentType().toLowerCase(Locale.ROOT).replaceFirst(";.*", "").strip();
    }

    private byte[] body() throws IOException {
        @Nullable String length = exchange.getRequestHeaders().getFirst("Content-Length");
        if (length != null && (!length.matches("\\d{1,18}") || Long.parseLong(length) > mostBytes)) {
            throw tooLarge();
        }
        InputStream in = exchange.getRequestBody();
        byte[] bytes = in.readNBytes(mostBytes + 1);
        if (bytes.length > mostBytes) {
            throw tooLarge();
        }
        return bytes;
    }

    private ApiException tooLarge() {
        exchange.getResponseHeaders().set("Connection", "close"); // what still comes is not read
        return new ApiException(
                413, "request_too_large", "the request body is longer than " + mostBytes + " bytes; send less");
    }

    /** A parameter behind the question mark. */
    Optional<String> query(String key) {
        @Nullable String query = exchange.getRequestURI().getQuery();
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
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(key));
    }

    /** Sets a header of the answer. */
    void header(String key, String value) {
        exchange.getResponseHeaders().set(key, value);
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
        begin(code, type, bytes.length == 0 ? -1 : bytes.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(bytes);
        }
    }

    /** Answers with nothing. */
    void sendEmpty(int code) throws IOException {
        status = code;
        exchange.sendResponseHeaders(code, -1);
    }

    /** Begins an answer of unknown length. */
    OutputStream stream(String type) throws IOException {
        begin(200, type, 0);
        return exchange.getResponseBody();
    }

    /** Begins an answer of {@code length} bytes. */
    OutputStream stream(String type, long length) throws IOException {
        begin(200, type, length);
        return exchange.getResponseBody();
    }

    private void begin(int code, String type, long length) throws IOException {
        status = code;
        header("Content-Type", type);
        header("Cache-Control", "no-cache");
        header("X-Content-Type-Options", "nosniff");
        exchange.sendResponseHeaders(code, length);
    }
}
