package org.dndllm.serve.http;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.dndllm.serve.wire.Exchange;
import org.dndllm.serve.wire.Handler;
import org.dndllm.serve.wire.MalformedRequestException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the endpoint of a request, lets it answer, and turns whatever goes wrong into an error body. Thread-safe. */
final class Router implements Handler {
    private static final Logger LOG = LoggerFactory.getLogger(Router.class);
    private static final String VARIABLE = "/{name}";
    private static final String NOWHERE = "other";
    /** Counted for clients that left first; nginx's number. */
    private static final int GONE = 499;

    private final Gate gate;
    private final int mostBytes;
    private final List<Route> routes = new ArrayList<>();
    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>(); // by labels

    /** Answers one request. */
    @FunctionalInterface
    interface Endpoint {
        void answer(Call call) throws IOException, InterruptedException;
    }

    /** @param path may end with a variable part */
    private record Route(String method, String path, Endpoint endpoint) {
        boolean fits(String given) {
            if (!path.endsWith(VARIABLE)) {
                return path.equals(given);
            }
            String name = name(given);
            return !name.isEmpty() && name.indexOf('/') < 0;
        }

        String name(String given) {
            if (!path.endsWith(VARIABLE)) {
                return "";
            }
            String before = path.substring(0, path.length() - VARIABLE.length() + 1);
            return given.startsWith(before) ? given.substring(before.length()) : "";
        }
    }

    Router(HttpOptions options) {
        gate = new Gate(options);
        mostBytes = options.bodyBytes();
    }

    Router on(String method, String path, Endpoint endpoint) {
        routes.add(new Route(method, path, endpoint));
        return this;
    }

    /** Requests by endpoint and status, as labels of Prometheus. */
    Map<String, Long> counts() {
        return counts.entrySet().stream()
                .collect(Collectors.toMap(
                        Map.Entry::getKey, entry -> entry.getValue().sum(), Long::sum, TreeMap::new));
    }

    @Override
    public void handle(Exchange exchange) {
        String path = String.valueOf(exchange.target().getPath());
        List<Route> here = routes.stream().filter(route -> route.fits(path)).toList();
        String endpoint = here.isEmpty() ? NOWHERE : here.getFirst().path();
        Call call = new Call(exchange, here.isEmpty() ? "" : here.getFirst().name(path), mostBytes);
        try {
            gate.check(exchange);
            find(exchange, call, here).answer(call);
        } catch (MalformedRequestException e) {
            refuse(call, malformed(e));
        } catch (IOException e) {
            LOG.debug("the client of {} is gone", endpoint, e);
        } catch (Exception | StackOverflowError | OutOfMemoryError e) {
            refuse(call, ApiErrors.of(e));
        } finally {
            count(endpoint, exchange.isGone() || call.status() == 0 ? GONE : call.status());
        }
    }

    @Override
    public void refuse(Exchange exchange, MalformedRequestException problem) {
        refuse(new Call(exchange, "", mostBytes), malformed(problem));
        count(NOWHERE, problem.status());
    }

    private static ApiException malformed(MalformedRequestException problem) {
        return new ApiException(problem.status(), "invalid_request", String.valueOf(problem.getMessage()));
    }

    private void count(String endpoint, int status) {
        String labels = "endpoint=\"" + endpoint + "\",status=\"" + status + "\"";
        counts.computeIfAbsent(labels, fresh -> new LongAdder()).increment();
    }

    private static Endpoint find(Exchange exchange, Call call, List<Route> here) {
        if (here.isEmpty()) {
            throw new ApiException(404, "not_found", "there is no such endpoint; /openapi.json lists them");
        }
        String method = exchange.method();
        String allowed = here.stream().map(Route::method).collect(Collectors.joining(", "));
        if (method.equals("OPTIONS")) {
            call.header("Allow", allowed);
            return preflight -> preflight.sendEmpty(204);
        }
        for (Route route : here) {
            if (route.method().equals(method)) {
                return route.endpoint();
            }
        }
        call.header("Allow", allowed);
        throw new ApiException(405, "method_not_allowed", "this endpoint takes " + allowed);
    }

    private static void refuse(Call call, ApiException problem) {
        if (call.status() != 0) {
            return; // too late: the answer has begun, and its end will be missing
        }
        try {
            if (problem.status() == 429 || problem.status() == 503) {
                call.header("Retry-After", "1");
            }
            if (problem.status() == 401) {
                call.header("WWW-Authenticate", "Bearer");
            }
            call.send(problem.status(), problem.toJson());
        } catch (IOException e) {
            LOG.debug("the client is gone before its error", e);
        }
    }
}
