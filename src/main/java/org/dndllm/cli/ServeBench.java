package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.dndllm.EnvironmentException;
import org.dndllm.engine.EngineOptions;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.serve.DndServer;
import org.dndllm.serve.ServeOptions;
import org.dndllm.serve.adapter.AdapterLimits;
import org.dndllm.serve.adapter.AdapterPublication;
import org.dndllm.serve.adapter.AdapterRoot;
import org.dndllm.serve.http.HttpOptions;
import org.dndllm.serve.schedule.SchedulerOptions;

/**
 * What the parts of {@code dnd bench serve} share: a server in this process, a bare loop on the same libraries, random
 * adapters that both have, and questions that nobody was asked before.
 */
final class ServeBench implements AutoCloseable {
    /** Adapter sets that are served in turn. */
    static final int SETS = 4;
    /** One for the base, for each set, and for the adapter that comes and goes. */
    static final int CONTEXTS = SETS + 2;
    /** Name of the base model in requests. */
    static final String BASE = "base";

    private static final int RANK = 8;
    /** Spreads of random weights: the first weighs as much as a random base's own, the last drowns a trained base, which then talks without end. */
    private static final float[] SPREADS = {0.1f, 0.5f, 1f};

    private final ServeBenchOptions options;
    private final TemporaryFolder folder;
    private final BareLoop bare;
    private final DndServer server;
    private final List<Adapter> adapters;
    private final boolean baseTalks;
    private final ExecutorService clients;
    private final AtomicInteger asked = new AtomicInteger();

    /**
     * An adapter that server and bare loop have.
     *
     * @param name in requests
     * @param file GGUF
     * @param set in the bare loop
     */
    record Adapter(String name, Path file, AdapterSet set) {}

    private ServeBench(
            ServeBenchOptions options,
            TemporaryFolder folder,
            BareLoop bare,
            DndServer server,
            List<Adapter> adapters,
            boolean baseTalks) {
        this.options = options;
        this.folder = folder;
        this.bare = bare;
        this.server = server;
        this.adapters = adapters;
        this.baseTalks = baseTalks;
        clients = Executors.newFixedThreadPool(options.streams());
    }

    static ServeBench open(ServeBenchOptions options) {
        TemporaryFolder folder = TemporaryFolder.create("dnd-bench-serve");
        List<AutoCloseable> opened = new ArrayList<>(List.of(folder));
        try {
            BareLoop bare = new BareLoop(options.base(), options.context(), options.streams());
            opened.addFirst(bare);
            requireRoom(options, bare);
            DndServer server = DndServer.start(serveOptions(options, folder.path()));
            opened.addFirst(server);
            List<Adapter> adapters = IntStream.range(0, SETS)
                    .mapToObj(i -> talkative(options, folder.path(), bare, "bench-" + i, i + 1L))
                    .toList();
            adapters.forEach(adapter -> server.workshop()
                    .load(adapter.file(), new AdapterPublication(adapter.name(), false, Optional.empty())));
            boolean baseTalks = talks(options, bare, AdapterSet.EMPTY);
            return new ServeBench(options, folder, bare, server, adapters, baseTalks);
        } catch (RuntimeException e) {
            closeAll(opened);
            throw e;
        }
    }

    private static void requireRoom(ServeBenchOptions options, BareLoop bare) {
        int most = bare.model().trainLength() - ServeBenchOptions.QUESTION;
        if (options.tokens() > most) {
            throw Flags.wrong("--tokens", "is " + options.tokens() + ", expected at most " + most + " with this model");
        }
    }

    private static ServeOptions serveOptions(ServeBenchOptions options, Path root) {
        return new ServeOptions(
                options.base(),
                BASE,
                options.generators(),
                new EngineOptions(
                        SessionOptions.defaults().withThreads(options.threads()),
                        ModelOptions.CPU,
                        options.context(),
                        GgmlType.F16),
                new SchedulerOptions(options.context(), options.streams(), CONTEXTS, 4 * options.streams()),
                Optional.empty(),
                AdapterRoot.of(root),
                new AdapterLimits(64, 256, 4L << 30),
                HttpOptions.DEFAULT);
    }

    /** A random adapter, as strong as it must be for the model to talk until it is cut off. */
    private static Adapter talkative(ServeBenchOptions options, Path folder, BareLoop bare, String name, long seed) {
        Adapter adapter = null;
        for (float spread : SPREADS) {
            Path file = folder.resolve(name + "-" + spread + ".gguf");
            GgufAdapter.write(
                    file, RandomAdapter.of(bare.model().shape(), RANK, DType.F16, seed, spread), GgmlType.F16);
            adapter = new Adapter(name, file, AdapterSet.of(bare.load(file)));
            if (talks(options, bare, adapter.set())) {
                return adapter;
            }
        }
        if (adapter == null) {
            throw new AssertionError("no spread was tried");
        }
        return adapter;
    }

    private static boolean talks(ServeBenchOptions options, BareLoop bare, AdapterSet set) {
        int[] tokens =
                bare.single(set, bare.prompt(question(0)), options.tokens()).tokens();
        return tokens.length == options.tokens();
    }

    ServeBenchOptions options() {
        return options;
    }

    BareLoop bare() {
        return bare;
    }

    DndServer server() {
        return server;
    }

    int port() {
        return server.port();
    }

    /** Folder for files; the server loads adapters from here. */
    Path folder() {
        return folder.path();
    }

    List<Adapter> adapters() {
        return adapters;
    }

    /** A random adapter for this base; the same seed gives the same one. */
    Adapter newAdapter(String name, long seed) {
        return talkative(options, folder.path(), bare, name, seed);
    }

    /** What answers in full length: the base if it does, else the first adapter. */
    Adapter talker() {
        return baseTalks ? new Adapter(BASE, options.base(), AdapterSet.EMPTY) : adapters.getFirst();
    }

    /** A question that nobody was asked, unlike all others from its beginning: nothing of it lies in a cache. */
    String freshQuestion() {
        return question(asked.incrementAndGet());
    }

    private static String question(int number) {
        return number + " is the number. What comes next?";
    }

    /** Asks the server and requires an answer. */
    StreamedChat ask(String model, String question, int most) {
        return require(StreamedChat.ask(port(), model, question, most));
    }

    /** The answer, if it is one. */
    static StreamedChat require(StreamedChat answer) {
        if (answer.isFailed()) {
            throw new EnvironmentException("a request of the measurement failed: " + answer.problem());
        }
        return answer;
    }

    /** Runs one client per stream at once, each on a thread of its own; gives what they return, in their order. */
    <T> List<T> together(IntFunction<T> client) {
        List<Future<T>> running = IntStream.range(0, options.streams())
                .mapToObj(i -> clients.submit(() -> client.apply(i)))
                .toList();
        List<T> results = new ArrayList<>();
        try {
            for (Future<T> each : running) {
                results.add(each.get());
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException problem ? problem : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while clients ran", e);
        }
        return results;
    }

    /** The first fields of the report. */
    Map<String, Object> facts() {
        Map<String, Object> facts = new java.util.LinkedHashMap<>();
        facts.put("machine", Machine.facts());
        facts.put("model", options.base().toString());
        facts.put("threads", options.threads());
        facts.put("tokens", options.tokens());
        facts.put("rounds", options.rounds());
        facts.put("streams", options.streams());
        facts.put("adapter_rank", RANK);
        return facts;
    }

    private static void closeAll(List<AutoCloseable> opened) {
        for (AutoCloseable each : opened) {
            try {
                each.close();
            } catch (RuntimeException e) {
                throw e;
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Override
    public void close() {
        clients.shutdown();
        closeAll(List.of(server, bare, folder));
    }
}
