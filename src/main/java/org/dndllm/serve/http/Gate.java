package org.dndllm.serve.http;

import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.dndllm.serve.page.WebPage;
import org.dndllm.serve.wire.Exchange;
import org.dndllm.serve.wire.Headers;

/**
 * Who may ask at all. On a loopback address the Host must be a name of this machine, or a page from elsewhere could
 * reach the server through a name of its own that resolves here (DNS rebinding). A request that a browser sends for a
 * page carries that page's origin, which must be the server's own or an allowed one. The key comes last.
 */
final class Gate {
    private static final Set<String> LOCAL = Set.of("localhost", "127.0.0.1", "[::1]");
    private static final Set<String> WITHOUT_KEY = Set.of("/health", "/v1/health", "/");

    private final boolean loopback;
    private final HttpOptions options;
    private final Optional<KeyCheck> keys;

    Gate(HttpOptions options) {
        this.options = options;
        InetAddress address = options.address();
        loopback = address.isLoopbackAddress();
        keys = options.keyCheck();
    }

    /**
     * Lets a request through, with the headers that its page needs.
     *
     * @throws ApiException if it may not
     */
    void check(Exchange exchange) {
        Headers headers = exchange.headers();
        List<String> hosts = headers.all("Host");
        if (hosts.size() != 1) {
            throw new ApiException(400, "invalid_request", "exactly one Host header is expected");
        }
        if (loopback && !isLocal(hosts.getFirst())) {
            throw new ApiException(
                    403, "host_not_allowed", "the Host header names another machine; use localhost or 127.0.0.1");
        }
        requireOrigin(exchange, hosts.getFirst());
        boolean preflight = exchange.method().equals("OPTIONS");
        if (!preflight && !isPublic(String.valueOf(exchange.target().getPath()))) {
            requireKey(headers);
        }
    }

    /** Health, and the page: it holds no secret, and asks for the key itself. */
    private static boolean isPublic(String path) {
        return WITHOUT_KEY.contains(path) || path.startsWith(WebPage.FOLDER);
    }

    private boolean isLocal(String host) {
        String name = host.toLowerCase(Locale.ROOT).replaceFirst(":\\d{1,5}$", "");
        return LOCAL.contains(name) || name.equals(options.host().toLowerCase(Locale.ROOT));
    }

    private void requireOrigin(Exchange exchange, String host) {
        List<String> origins = exchange.headers().all("Origin");
        if (origins.isEmpty()) {
            return;
        }
        String origin = origins.getFirst();
        boolean own = origin.equalsIgnoreCase("http://" + host);
        boolean allowed =
                options.corsOrigins().contains("*") || options.corsOrigins().contains(origin);
        if (origins.size() != 1 || (!own && !allowed)) {
            throw new ApiException(
                    403,
                    "origin_not_allowed",
                    "pages of this origin may not use the server; whoever starts it can allow the origin");
        }
        Headers answer = exchange.answerHeaders();
        answer.set("Access-Control-Allow-Origin", origin);
        answer.set("Vary", "Origin");
        answer.set("Access-Control-Allow-Headers", "Authorization, Content-Type, X-Api-Key");
        answer.set("Access-Control-Allow-Methods", "GET, POST, DELETE");
        answer.set("Access-Control-Max-Age", "600");
    }

    private void requireKey(Headers headers) {
        if (keys.isPresent() && !keys.get().accepts(key(headers))) {
            throw new ApiException(
                    401, "invalid_api_key", "the API key is missing or wrong; send Authorization: Bearer KEY");
        }
    }

    private static String key(Headers headers) {
        String bearer = headers.first("Authorization").orElse("");
        if (bearer.regionMatches(true, 0, "Bearer ", 0, 7)) {
            return bearer.substring(7).strip();
        }
        return headers.first("X-Api-Key").orElse("");
    }
}
