package org.dndllm.serve.http;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.dndllm.EnvironmentException;
import org.dndllm.serve.page.WebPage;
import org.jspecify.annotations.Nullable;

/** The listening server: the JDK's, every request on a virtual thread of its own. */
public final class HttpFront implements AutoCloseable {
    private static final int BACKLOG = 256;
    /** Read by the JDK's server once, when its first class is loaded; what the user set stays. */
    private static final Map<String, String> SETTINGS = Map.of(
            // Without it Nagle's algorithm holds streamed tokens back for up to 40 ms.
            "sun.net.httpserver.nodelay", "true",
            // Seconds in which a request must have come whole: slow senders do not pile up.
            "sun.net.httpserver.maxReqTime", "60",
            "jdk.httpserver.maxConnections", "1024");

    static {
        SETTINGS.forEach((key, value) -> {
            if (System.getProperty(key) == null) {
                System.setProperty(key, value);
            }
        });
    }

    private final HttpServer server;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    private HttpFront(HttpServer server) {
        this.server = server;
    }

    /**
     * Binds and begins to answer.
     *
     * @throws EnvironmentException if the address cannot be bound
     */
    public static HttpFront start(Services services) {
        HttpOptions options = services.options();
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(options.address(), options.port()), BACKLOG);
            HttpFront front = new HttpFront(server);
            server.createContext("/", routes(services));
            server.setExecutor(front.threads);
            server.start();
            return front;
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot listen on " + options.host() + " port " + options.port() + " (" + e.getMessage()
                            + "); choose another --port, or stop what uses it",
                    e);
        }
    }

    private static Router routes(Services services) {
        Router router = new Router(services.options());
        InfoEndpoints info = new InfoEndpoints(services);
        AdapterEndpoints adapters = new AdapterEndpoints(services);
        TokenEndpoints tokens = new TokenEndpoints(services);
        PageEndpoint page = new PageEndpoint();
        byte[] description = description();
        router.on("POST", "/v1/chat/completions", new ChatEndpoint(services))
                .on("POST", "/v1/completions", new CompletionEndpoint(services))
                .on("POST", "/v1/embeddings", new EmbeddingEndpoint(services))
                .on("GET", "/v1/models", info::models)
                .on("GET", "/v1/models/{name}", info::model)
                .on("POST", "/v1/load_lora_adapter", adapters::load)
                .on("POST", "/v1/unload_lora_adapter", adapters::unload)
                .on("GET", "/v1/lora_adapters", adapters::list)
                .on("GET", "/lora-adapters", adapters::global)
                .on("POST", "/lora-adapters", adapters::setGlobal)
                .on("POST", "/v1/adapters/generate", new GenerateEndpoint(services))
                .on("GET", "/v1/adapters/{name}", new ExportEndpoint(services))
                .on("DELETE", "/v1/adapters/{name}", adapters::delete)
                .on("POST", "/v1/evaluations", new EvaluationEndpoint(services))
                .on("GET", "/", page::index)
                .on("GET", WebPage.FOLDER + "{name}", page::file)
                .on("GET", "/health", info::health)
                .on("GET", "/v1/health", info::health)
                .on("GET", "/props", info::props)
                .on("POST", "/tokenize", tokens::tokenize)
                .on("POST", "/detokenize", tokens::detokenize)
                .on("POST", "/apply-template", tokens::applyTemplate)
                .on("GET", "/openapi.json", call -> call.send(200, "application/json", description));
        if (services.options().metrics()) {
            router.on("GET", "/metrics", call -> info.metrics(call, router));
        }
        return router;
    }

    /** The description of the interface, a resource. */
    private static byte[] description() {
        try (@Nullable InputStream in = HttpFront.class.getResourceAsStream("openapi.json")) {
            if (in == null) {
                throw new AssertionError("openapi.json is part of the jar");
            }
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The port that is listened on. */
    public int port() {
        return server.getAddress().getPort();
    }

    /** Stops listening and ends every connection. Idempotent. */
    @Override
    public void close() {
        server.stop(0);
        threads.shutdownNow();
    }
}
