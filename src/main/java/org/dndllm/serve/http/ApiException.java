package org.dndllm.serve.http;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.dndllm.format.JsonValue;

/** A refusal as a client sees it. */
final class ApiException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String code;
    private final String param; // empty: none

    ApiException(int status, String code, String message) {
        this(status, code, "", message);
    }

    ApiException(int status, String code, String param, String message) {
        super(message);
        this.status = status;
        this.code = code;
        this.param = param;
    }

    /** A field of the request that is wrong. */
    static ApiException field(String param, String problem) {
        return new ApiException(400, "invalid_request", param, param + " " + problem);
    }

    /** A field that would change the answer and is not supported: ignoring it would be a lie. */
    static ApiException unsupported(String param, String problem) {
        return new ApiException(400, "unsupported_parameter", param, param + " " + problem);
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }

    /** {@code {"error": {message, type, code, param}}}. */
    Map<String, Object> toJson() {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("message", Optional.ofNullable(getMessage()).orElse(code));
        error.put("type", type());
        error.put("code", code);
        error.put("param", param.isEmpty() ? new JsonValue.Null() : param);
        return Map.of("error", error);
    }

    private String type() {
        return switch (status) {
            case 401 -> "authentication_error";
            case 403 -> "permission_error";
            case 404 -> "not_found_error";
            case 429 -> "rate_limit_error";
            case 503, 504 -> "unavailable_error";
            default -> status < 500 ? "invalid_request_error" : "server_error";
        };
    }
}
