package org.dndllm.serve.http;

import java.util.regex.Pattern;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.serve.adapter.AdapterException;
import org.dndllm.serve.schedule.QueueFullException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Turns what went wrong into what a client may know of it; the rest goes to the log. */
final class ApiErrors {
    private static final Logger LOG = LoggerFactory.getLogger(ApiErrors.class);
    /** Two or more segments from a root, of Unix or Windows. */
    private static final Pattern PATH =
            Pattern.compile("(?<![\\w.])(?:[A-Za-z]:)?[/\\\\](?:[^\\s/\\\\:]+[/\\\\])+[^\\s/\\\\:]*");

    private ApiErrors() {}

    static ApiException of(Throwable problem) {
        return switch (problem) {
            case ApiException known -> known;
            case AdapterException adapter -> of(adapter);
            case InvalidInputException input -> of(input);
            case QueueFullException full -> new ApiException(429, "queue_full", String.valueOf(full.getMessage()));
            case EnvironmentException machine -> {
                LOG.error("a request could not be served", machine);
                yield new ApiException(
                        503, "unavailable", "the server lacks memory or disk space for this; see its log");
            }
            case InterruptedException ending -> new ApiException(503, "unavailable", "the server is closing");
            case IllegalStateException closing -> {
                LOG.warn("a request could not be served", closing);
                yield new ApiException(503, "unavailable", "the server cannot do this now; see its log");
            }
            default -> {
                LOG.error("a request failed unexpectedly", problem);
                yield new ApiException(500, "internal_error", "the server failed; its log says why");
            }
        };
    }

    private static ApiException of(InvalidInputException input) {
        String problem =
                String.valueOf(input.getMessage()).substring(input.source().length() + 2);
        String code = input.source().equals("adapter set") ? "invalid_lora_adapter" : "invalid_request";
        return new ApiException(400, code, input.field(), withoutPaths(problem));
    }

    private static ApiException of(AdapterException adapter) {
        String message = withoutPathsOf(adapter);
        return switch (adapter.code()) {
            case NOT_FOUND -> new ApiException(404, "lora_adapter_not_found", message);
            case ALREADY_LOADED -> new ApiException(409, "lora_adapter_already_loaded", message);
            case GENERATION_MISMATCH -> new ApiException(409, "lora_generation_mismatch", message);
            case RANK_LIMIT_EXCEEDED -> new ApiException(400, "lora_rank_limit_exceeded", message);
            case INVALID -> new ApiException(400, "invalid_lora_adapter", message);
            case PATH_FORBIDDEN -> new ApiException(403, "adapter_path_forbidden", "lora_path", message);
            case BUSY -> new ApiException(429, "lora_load_busy", message);
            case LIMIT_REACHED -> new ApiException(409, "lora_limit_reached", message);
            case GENERATOR_NOT_FOUND -> new ApiException(404, "generator_not_found", "generator", message);
        };
    }

    private static String withoutPathsOf(AdapterException adapter) {
        String message = String.valueOf(adapter.getMessage());
        return adapter.getCause() == null ? message : withoutPaths(message); // our own words name endpoints, not files
    }

    static String withoutPaths(String message) {
        return PATH.matcher(message).replaceAll("(a file of the server)");
    }
}
