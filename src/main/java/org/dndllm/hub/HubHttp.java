package org.dndllm.hub;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLHandshakeException;
import org.dndllm.DndException;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;

/**
 * Requests to the hub and to where it sends us. The token goes to the hub's own address and to no other. Any number of
 * threads may share one.
 */
final class HubHttp implements AutoCloseable {
    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Set<Integer> BUSY = Set.of(408, 429, 500, 502, 503, 504);
    private static final Set<Integer> REDIRECT = Set.of(301, 302, 303, 307, 308);
    private static final int MOST_REDIRECTS = 10;

    private final HubSettings settings;
    private final Duration patience;
    private final HttpClient client;

    /** @param patience how long the server may be silent, before and within an answer */
    HubHttp(HubSettings settings, Duration patience) {
        this.settings = settings;
        this.patience = patience;
        // HTTP/1.1: a connection for each download, so that a cut one takes no other with it
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(CONNECT)
                .build();
    }

    /** An answer whose body the caller closes. */
    record Answer(int status, Map<String, String> headers, BodyReader body) implements AutoCloseable {
        /** A header's first value; {@code name} in lower case. */
        Optional<String> header(String name) {
            return Optional.ofNullable(headers.get(name));
        }

        @Override
        public void close() {
            body.close();
        }
    }

    /**
     * Asks for a file's headers. Redirects within the hub are followed; one that leads elsewhere is itself the answer,
     * because it carries the hub's own headers.
     */
    Answer head(String path) throws TransientFailure {
        return follow("HEAD", path, Map.of(), false);
    }

    /** Asks for content, wherever it lies. */
    Answer get(String path, Map<String, String> headers) throws TransientFailure {
        return follow("GET", path, headers, true);
    }

    /** The exception for an answer that is neither content nor worth another attempt. */
    DndException refusal(RepoId repo, Answer answer, String asked) {
        return new Refusals(settings, repo).of(answer, asked);
    }

    private Answer follow(String method, String path, Map<String, String> headers, boolean leave)
            throws TransientFailure {
        URI start = settings.address(path);
        URI at = start;
        for (int hop = 0; hop <= MOST_REDIRECTS; hop++) {
            Answer answer = send(method, at, headers);
            if (BUSY.contains(answer.status())) {
                answer.close();
                throw new TransientFailure("the server answers " + answer.status(), retryAfter(answer));
            }
            Optional<URI> next = target(start, at, answer);
            if (next.isEmpty() || !leave && !settings.isHub(next.get())) {
                return answer;
            }
            answer.close();
            at = next.get();
        }
        throw wrongRedirect(start, "leads on more than " + MOST_REDIRECTS + " times");
    }

    private Answer send(String method, URI at, Map<String, String> headers) throws TransientFailure {
        HttpRequest.Builder request = HttpRequest.newBuilder(at)
                .method(method, HttpRequest.BodyPublishers.noBody())
                .header("User-Agent", "dnd-jvm")
                .header("Accept-Encoding", "identity");
        headers.forEach(request::header);
        if (settings.isHub(at)) {
            settings.token().ifPresent(token -> request.header("Authorization", "Bearer " + token.value()));
        }
        // Not HttpRequest.timeout, which from JDK 26 on would also limit the time for the whole body.
        CompletableFuture<HttpResponse<BodyReader>> exchange =
                client.sendAsync(request.build(), head -> new BodyReader(patience));
        try {
            HttpResponse<BodyReader> response = exchange.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return new Answer(response.statusCode(), firstValues(response), response.body());
        } catch (ExecutionException e) {
            throw noAnswer(at, e.getCause() == null ? e : e.getCause());
        } catch (TimeoutException e) {
            exchange.cancel(true);
            throw new TransientFailure(at.getHost() + " does not answer", e);
        } catch (InterruptedException e) {
            exchange.cancel(true);
            throw Stopped.now(e);
        }
    }

    private static TransientFailure noAnswer(URI at, Throwable cause) {
        String reason = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
        return switch (cause) {
            case SSLHandshakeException untrusted ->
                throw new EnvironmentException(
                        at.getHost() + ": no secure connection (" + reason
                                + "); if a proxy signs for it, name its certificates with DND_JAVA_OPTS="
                                + "-Djavax.net.ssl.trustStore=FILE",
                        untrusted);
            case IOException lost ->
                new TransientFailure("no connection to " + at.getHost() + " (" + reason + ")", lost);
            default -> throw new IllegalStateException("unexpected failure of the HTTP client", cause);
        };
    }

    private static Map<String, String> firstValues(HttpResponse<?> response) {
        Map<String, String> first = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        response.headers().map().forEach((name, values) -> first.put(name, values.getFirst()));
        return first;
    }

    /** Where a redirect leads, or empty for any other answer. */
    private static Optional<URI> target(URI start, URI at, Answer answer) {
        Optional<String> location = answer.header("location");
        if (!REDIRECT.contains(answer.status()) || location.isEmpty()) {
            return Optional.empty();
        }
        URI target;
        try {
            target = at.resolve(location.get());
        } catch (IllegalArgumentException e) {
            answer.close();
            throw wrongRedirect(start, "does not lead to an address");
        }
        boolean secure = "https".equalsIgnoreCase(target.getScheme());
        boolean plain = "http".equalsIgnoreCase(target.getScheme()) && !"https".equalsIgnoreCase(at.getScheme());
        if (target.getHost() == null || !secure && !plain) {
            answer.close();
            throw wrongRedirect(start, "leads from " + at.getScheme() + " to " + target.getScheme());
        }
        return Optional.of(target);
    }

    private static InvalidInputException wrongRedirect(URI start, String problem) {
        return new InvalidInputException(
                start.toString(), "redirect", problem + "; check HF_ENDPOINT and the proxy, and try again");
    }

    private static Optional<Duration> retryAfter(Answer answer) {
        return answer.header("retry-after").flatMap(HubHttp::parseDelay);
    }

    /** Seconds or a date, RFC 9110 §10.2.3; anything else counts as absent. */
    static Optional<Duration> parseDelay(String text) {
        if (text.matches("[0-9]{1,9}")) {
            return Optional.of(Duration.ofSeconds(Long.parseLong(text)));
        }
        try {
            Instant then = ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
            Duration delay = Duration.between(Instant.now(), then);
            return Optional.of(delay.isNegative() ? Duration.ZERO : delay);
        } catch (DateTimeParseException e) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        client.shutdownNow();
    }
}
