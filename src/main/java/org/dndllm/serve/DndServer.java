package org.dndllm.serve;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.CompletableFuture;
import org.dndllm.engine.LiveModel;
import org.dndllm.format.GgufFile;
import org.dndllm.llama.ContextOptions;
import org.dndllm.serve.adapter.AdapterGenerators;
import org.dndllm.serve.adapter.AdapterRegistry;
import org.dndllm.serve.adapter.AdapterStore;
import org.dndllm.serve.adapter.AdapterWorkshop;
import org.dndllm.serve.http.HttpFront;
import org.dndllm.serve.http.Services;
import org.dndllm.serve.schedule.Scheduler;
import org.dndllm.serve.schedule.SchedulerMetrics;

/**
 * A running server: one base model, its scheduler, its adapters, and the address it answers on. Owns all of them and
 * closes them in order.
 */
public final class DndServer implements AutoCloseable {
    /** Positions of the context in which the effect of adapters is measured: one short question. */
    private static final int PROBE_POSITIONS = 256;

    private final Deque<AutoCloseable> owned;
    private final HttpFront front;
    private final SchedulerMetrics metrics;
    private final AdapterRegistry registry;
    private final AdapterWorkshop workshop;

    private DndServer(
            Deque<AutoCloseable> owned,
            HttpFront front,
            SchedulerMetrics metrics,
            AdapterRegistry registry,
            AdapterWorkshop workshop) {
        this.owned = owned;
        this.front = front;
        this.metrics = metrics;
        this.registry = registry;
        this.workshop = workshop;
    }

    /**
     * Opens everything and begins to answer.
     *
     * @throws org.dndllm.InvalidInputException if the base or a bundle is malformed or they do not fit
     * @throws org.dndllm.EnvironmentException if the machine lacks a library, memory, the store or the port
     */
    public static DndServer start(ServeOptions options) {
        Deque<AutoCloseable> owned = new ArrayDeque<>();
        try {
            AdapterStore store =
                    keep(owned, options.store().map(AdapterStore::open).orElseGet(AdapterStore::temporary));
            int positions = options.scheduler().context().contextLength();
            ContextOptions probe = options.engine()
                    .context()
                    .withContextLength(positions == 0 ? 0 : Math.min(positions, PROBE_POSITIONS));
            LiveModel live =
                    keep(owned, LiveModel.open(options.base(), options.engine().model(), probe));
            AdapterGenerators generators = keep(
                    owned,
                    AdapterGenerators.open(
                            options.generators(), live.model().shape(), options.base(), options.engine()));
            Scheduler scheduler = keep(owned, Scheduler.start(live.model(), options.scheduler()));
            // a base of several GB takes seconds to hash; only provenance waits for it
            CompletableFuture<String> hash = CompletableFuture.supplyAsync(() -> GgufFile.sha256(options.base()));
            AdapterRegistry registry = new AdapterRegistry(live.model(), scheduler, store, options.limits());
            AdapterWorkshop workshop = keep(
                    owned,
                    new AdapterWorkshop(
                            live,
                            registry,
                            generators,
                            store,
                            options.limits(),
                            options.engine().adapterType(),
                            hash));
            HttpFront front = keep(
                    owned,
                    HttpFront.start(new Services(
                            options.alias(),
                            Instant.now(),
                            live.model(),
                            scheduler,
                            registry,
                            workshop,
                            generators,
                            options.root(),
                            options.http())));
            return new DndServer(owned, front, scheduler.metrics(), registry, workshop);
        } catch (RuntimeException e) {
            closeAll(owned);
            throw e;
        }
    }

    private static <T extends AutoCloseable> T keep(Deque<AutoCloseable> owned, T part) {
        owned.push(part);
        return part;
    }

    /** The port that it answers on. */
    public int port() {
        return front.port();
    }

    /** Connections that are open. */
    public int connections() {
        return front.connections();
    }

    /** What its scheduler counts. */
    public SchedulerMetrics metrics() {
        return metrics;
    }

    /** Its adapters by name. */
    public AdapterRegistry registry() {
        return registry;
    }

    /** Makes adapters, for those to load before anybody asks. */
    public AdapterWorkshop workshop() {
        return workshop;
    }

    private static void closeAll(Deque<AutoCloseable> owned) {
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Stops answering, ends what runs, frees everything. Idempotent. */
    @Override
    public synchronized void close() {
        closeAll(owned);
    }
}
