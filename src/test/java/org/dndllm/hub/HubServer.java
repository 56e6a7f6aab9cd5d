package org.dndllm.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.dndllm.format.JsonWriter;

/**
 * A hub with one repository, and its content server on another port. Speaks the hub's protocol by its documentation:
 * listings under {@code /api}, headers of files with hash, size and commit, redirects to the content of large files, and
 * relative redirects of small ones. Tests make it misbehave with {@link #on}.
 */
public final class HubServer implements AutoCloseable {
    /** The only commit. */
    public static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    private final HttpServer hub;
    private final HttpServer content;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final String repo;
    private final String addressPrefix;
    private final Map<String, byte[]> small = Collections.synchronizedMap(new LinkedHashMap<>());
    private final Map<String, byte[]> large = Collections.synchronizedMap(new LinkedHashMap<>());
    private final List<String> names = new CopyOnWriteArrayList<>();
    private final List<Request> requests = new CopyOnWriteArrayList<>();
    private final List<Rule> rules = new ArrayList<>();

    /** What was asked, in order of arrival; {@code range} and {@code authorization} are empty when absent. */
    public record Request(boolean fromHub, String method, String path, String range, String authorization) {}

    /** Answers a request instead of the server; without an answer the server goes on as usual. */
    public interface Handler {
        void answer(HttpExchange exchange) throws IOException;
    }

    private static final class Rule {
        private final Predicate<Request> when;
        private final Handler handler;
        private int times;

        Rule(Predicate<Request> when, int times, Handler handler) {
            this.when = when;
            this.times = times;
            this.handler = handler;
        }
    }

    private HubServer(RepoType type, String repo) throws IOException {
        this.repo = repo;
        this.addressPrefix = type == RepoType.DATASET ? "/datasets/" : "/";
        String api = "/api/" + (type == RepoType.DATASET ? "datasets/" : "models/");
        hub = start(true, exchange -> {
            String path = exchange.getRequestURI().getRawPath();
            if (path.startsWith(api)) {
                listing(exchange, path.substring(api.length()));
            } else if (path.startsWith("/moved/")) {
                plain(exchange, path.substring("/moved".length()));
            } else {
                file(exchange, path);
            }
        });
        content = start(false, this::content);
    }

    public static HubServer withModel(String repo) throws IOException {
        return new HubServer(RepoType.MODEL, repo);
    }

    static HubServer withDataset(String repo) throws IOException {
        return new HubServer(RepoType.DATASET, repo);
    }

    /** A file that lies in the repository itself. */
    public HubServer small(String name, byte[] bytes) {
        small.put(name, bytes);
        names.add(name);
        return this;
    }

    /** A file whose content lies on the other server. */
    public HubServer large(String name, byte[] bytes) {
        large.put(name, bytes);
        names.add(name);
        return this;
    }

    /** A name in the listing without anything behind it. */
    HubServer listed(String name) {
        names.add(name);
        return this;
    }

    /** Answers the next {@code times} requests of a kind otherwise. */
    HubServer on(Predicate<Request> when, int times, Handler handler) {
        synchronized (rules) {
            rules.add(new Rule(when, times, handler));
        }
        return this;
    }

    public URI address() {
        return URI.create("http://127.0.0.1:" + hub.getAddress().getPort());
    }

    List<Request> requests() {
        return List.copyOf(requests);
    }

    /** Requests for content of large files. */
    public List<Request> contentRequests() {
        return requests.stream().filter(request -> !request.fromHub()).toList();
    }

    static boolean isContent(Request request) {
        return !request.fromHub();
    }

    static boolean isListing(Request request) {
        return request.path().startsWith("/api/");
    }

    static boolean isHead(Request request) {
        return request.method().equals("HEAD");
    }

    static Handler status(int status, String... headers) {
        return exchange -> {
            for (int i = 0; i < headers.length; i += 2) {
                exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
            }
            exchange.sendResponseHeaders(status, -1);
        };
    }

    static Handler bytes(byte[] body) {
        return exchange -> send(exchange, 200, body);
    }

    /** The usual answer for content, cut after some bytes of it. */
    Handler cutAfter(int count) {
        return exchange -> {
            byte[] body = ranged(exchange, contentOf(exchange));
            exchange.sendResponseHeaders(
                    exchange.getResponseHeaders().containsKey("Content-Range") ? 206 : 200, body.length);
            exchange.getResponseBody().write(body, 0, count);
            exchange.getResponseBody().flush();
            exchange.close();
        };
    }

    static String sha256(byte[] bytes) {
        return hex("SHA-256", bytes, new byte[0]);
    }

    static String gitSha1(byte[] bytes) {
        return hex("SHA-1", ("blob " + bytes.length + "\0").getBytes(StandardCharsets.US_ASCII), bytes);
    }

    private static String hex(String algorithm, byte[] first, byte[] second) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            digest.update(first);
            return HexFormat.of().formatHex(digest.digest(second));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private HttpServer start(boolean fromHub, Handler usual) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", exchange -> {
            try (exchange) {
                Request request = new Request(
                        fromHub,
                        exchange.getRequestMethod(),
                        exchange.getRequestURI().getPath(),
                        header(exchange, "Range"),
                        header(exchange, "Authorization"));
                requests.add(request);
                ruleFor(request, usual).answer(exchange);
            }
        });
        server.start();
        return server;
    }

    private static String header(HttpExchange exchange, String name) {
        String value = exchange.getRequestHeaders().getFirst(name);
        return value == null ? "" : value;
    }

    private Handler ruleFor(Request request, Handler usual) {
        synchronized (rules) {
            for (Rule rule : rules) {
                if (rule.times > 0 && rule.when.test(request)) {
                    rule.times--;
                    return rule.handler;
                }
            }
            return usual;
        }
    }

    private void listing(HttpExchange exchange, String path) throws IOException {
        if (!path.startsWith(repo + "/revision/")) {
            status(404, "X-Error-Code", "RepoNotFound").answer(exchange);
            return;
        }
        String revision = path.substring((repo + "/revision/").length());
        if (!List.of("main", "v1.0", "refs%2Fpr%2F1", COMMIT).contains(revision)) {
            status(404, "X-Error-Code", "RevisionNotFound").answer(exchange);
            return;
        }
        List<Map<String, String>> siblings =
                names.stream().map(name -> Map.of("rfilename", name)).collect(Collectors.toList());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", repo);
        json.put("sha", COMMIT);
        json.put("siblings", siblings);
        send(exchange, 200, JsonWriter.compact(json).getBytes(StandardCharsets.UTF_8));
    }

    private void file(HttpExchange exchange, String path) throws IOException {
        String start = addressPrefix + repo + "/resolve/";
        exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
        if (!path.startsWith(start)) {
            status(404, "X-Error-Code", "RepoNotFound").answer(exchange);
            return;
        }
        String decoded = exchange.getRequestURI().getPath();
        String name = decoded.substring(decoded.indexOf('/', start.length()) + 1); // after main or a commit
        if (small.containsKey(name)) {
            // as the hub does it: a relative redirect, which carries the headers as well
            status(307, "Location", "/moved" + path, "ETag", "\"" + gitSha1(small.get(name)) + "\"")
                    .answer(exchange);
        } else if (large.containsKey(name)) {
            byte[] bytes = large.get(name);
            status(
                            302,
                            "X-Linked-Etag",
                            "\"" + sha256(bytes) + "\"",
                            "X-Linked-Size",
                            String.valueOf(bytes.length),
                            "ETag",
                            "\"of-the-pointer\"",
                            "Location",
                            "http://127.0.0.1:" + content.getAddress().getPort() + "/" + sha256(bytes) + "?signature=1")
                    .answer(exchange);
        } else {
            status(404, "X-Error-Code", "EntryNotFound").answer(exchange);
        }
    }

    private void plain(HttpExchange exchange, String path) throws IOException {
        String start = addressPrefix + repo + "/resolve/";
        String decoded = URI.create(path).getPath();
        byte[] bytes = small.get(decoded.substring(decoded.indexOf('/', start.length()) + 1));
        exchange.getResponseHeaders().set("X-Repo-Commit", COMMIT);
        exchange.getResponseHeaders().set("ETag", "W/\"" + gitSha1(bytes) + "\"");
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", String.valueOf(bytes.length));
            exchange.sendResponseHeaders(200, -1);
        } else {
            send(exchange, 200, bytes);
        }
    }

    private void content(HttpExchange exchange) throws IOException {
        byte[] body = ranged(exchange, contentOf(exchange));
        send(exchange, exchange.getResponseHeaders().containsKey("Content-Range") ? 206 : 200, body);
    }

    byte[] contentOf(HttpExchange exchange) {
        String hash = exchange.getRequestURI().getPath().substring(1);
        return large.values().stream()
                .filter(bytes -> sha256(bytes).equals(hash))
                .findFirst()
                .orElseThrow();
    }

    private static byte[] ranged(HttpExchange exchange, byte[] body) {
        String range = header(exchange, "Range");
        if (range.isEmpty()) {
            return body;
        }
        int from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
        exchange.getResponseHeaders()
                .set("Content-Range", "bytes " + from + "-" + (body.length - 1) + "/" + body.length);
        return Arrays.copyOfRange(body, from, body.length);
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    @Override
    public void close() {
        hub.stop(0);
        content.stop(0);
        threads.shutdownNow();
    }
}
