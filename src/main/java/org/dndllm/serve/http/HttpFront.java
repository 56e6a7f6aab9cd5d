package org.dndllm.serve.http;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import org.dndllm.EnvironmentException;
import org.dndllm.serve.page.WebPage;
import org.dndllm.serve.wire.HttpListener;
import org.jspecify.annotations.Nullable;

/** The listening server: every endpoint on its path. */
public final class HttpFront implements AutoCloseable {
    private final HttpListener listener;

    private HttpFront(HttpListener listener) {
        this.listener = listener;
    }

    /**
     * Binds and begins to answer.
     *
     * @throws EnvironmentException if the address cannot be bound
     */
    public static HttpFront start(Services services) {
        HttpOptions options = services.options();
        try {
            return new HttpFront(HttpListener.start(
                    new InetSocketAddress(options.address(), options.port()), options.limits(), routes(services)));
        } catch (IOException e) {
            throw new EnvironmentException(
                    "cannot listen on " + options.host() + " port " + options.port() + " (" + e.getMessage()
                            + "); choose another port, or stop what uses it",
                    e);
        }
    }

    private static Router routes(Services services) {
        Router router = new Router(services.options());
        InfoEndpoints info = new InfoEndpoints(services);
        AdapterEndpoints adapters = new AdapterEndpoints(services);
        TokenEndpoints tokens = new TokenEndpoints(services);
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
                .on("GET", "/health", info::health)
                .on("GET", "/v1/health", info::health)
                .on("GET", "/props", info::props)
                .on("POST", "/tokenize", tokens::tokenize)
                .on("POST", "/detokenize", tokens::detokenize)
                .on("POST", "/apply-template", tokens::applyTemplate)
                .on("GET", "/openapi.json", call -> call.send(200, "application/json", description));
        if (services.options().page()) {
            PageEndpoint page = new PageEndpoint();
            router.on("GET", "/", page::index).on("GET", WebPage.FOLDER + "{name}", page::file);
        }
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
        return listener.port();
    }

    /** Connections that are open. */
    public int connections() {
        return listener.connections();
    }

    /** Stops listening and ends every connection. Idempotent. */
    @Override
    public void close() {
        listener.close();
    }
}
