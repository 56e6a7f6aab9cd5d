package org.dndllm.serve.http;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.SamplerOptions;
import org.dndllm.serve.wire.WireLimits;

/**
 * Where the server listens and what it lets through.
 *
 * @param host to bind
 * @param port to bind; 0 for a free one
 * @param apiKeys of which every request but health checks must carry one; empty for none
 * @param open whether an address that others can reach is allowed without a key
 * @param corsOrigins origins of pages that may use the server, besides its own; {@code *} for any
 * @param metrics whether {@code /metrics} answers
 * @param bodyBytes longest request body
 * @param timeout of one request
 * @param sampling where a request says nothing
 * @param maxTokens longest answer where a request says nothing
 * @param limits of connections
 * @param page whether the web page is served
 */
public record HttpOptions(
        String host,
        int port,
        List<String> apiKeys,
        boolean open,
        List<String> corsOrigins,
        boolean metrics,
        int bodyBytes,
        Duration timeout,
        SamplerOptions sampling,
        int maxTokens,
        WireLimits limits,
        boolean page) {
    /** The loopback address and a free port, llama-server's sampling, 16 MiB, ten minutes. */
    public static final HttpOptions DEFAULT = new HttpOptions(
            "127.0.0.1",
            0,
            List.of(),
            false,
            List.of(),
            true,
            16 << 20,
            Duration.ofMinutes(10),
            new SamplerOptions(0.8f, 40, 0.95f, 0.05f, 0, 1f, 0f, 0f, 64, ""),
            512,
            WireLimits.DEFAULT,
            true);

    public HttpOptions {
        apiKeys = List.copyOf(apiKeys);
        corsOrigins = List.copyOf(corsOrigins);
        require(port >= 0 && port <= 65535, "port", "is " + port + ", expected 0 to 65535");
        require(apiKeys.stream().noneMatch(String::isBlank), "API key", "is blank; give a key");
        require(maxTokens >= 1, "tokens", "is " + maxTokens + ", expected at least 1");
        require(bodyBytes >= 1024, "body", "is " + bodyBytes + " bytes, expected at least 1024");
        require(timeout.isPositive(), "timeout", "is " + timeout + ", expected more than nothing");
        require(
                open || !apiKeys.isEmpty() || address(host).isLoopbackAddress(),
                "host",
                "is " + host + ", which other machines can reach; set a key too, or allow an open server if that is"
                        + " what you want");
    }

    private static void require(boolean holds, String field, String problem) {
        if (!holds) {
            throw new InvalidInputException("serve options", field, problem);
        }
    }

    private static InetAddress address(String host) {
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException e) {
            throw new InvalidInputException("serve options", "host", "'" + host + "' is no address of this machine", e);
        }
    }

    /** The address to bind. */
    InetAddress address() {
        return address(host);
    }

    /** The same with keys. */
    public HttpOptions withApiKeys(List<String> keys) {
        return new HttpOptions(
                host, port, keys, open, corsOrigins, metrics, bodyBytes, timeout, sampling, maxTokens, limits, page);
    }

    /** The key that callers must carry, if any. */
    Optional<KeyCheck> keyCheck() {
        return apiKeys.isEmpty() ? Optional.empty() : Optional.of(new KeyCheck(apiKeys));
    }
}
