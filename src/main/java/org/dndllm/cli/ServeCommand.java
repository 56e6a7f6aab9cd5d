package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.EngineOptions;
import org.dndllm.llama.ModelOptions;
import org.dndllm.serve.DndServer;
import org.dndllm.serve.ServeOptions;
import org.dndllm.serve.adapter.AdapterException;
import org.dndllm.serve.adapter.AdapterPublication;
import org.dndllm.serve.adapter.AdapterRegistry;
import org.dndllm.serve.http.HttpOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd serve}. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        header = "Serve a base model and its adapters over HTTP, as OpenAI's clients expect it.",
        description = {
            "Adapters are loaded, generated, replaced and unloaded while it answers; a request names one as its model, or"
                    + " blends several with the field lora. See docs/http.md for endpoints and error codes.",
            "Environment: every flag also as DND_ and its long name, DND_CTX_SIZE for --ctx-size or DND_METRICS=true for"
                    + " --metrics; a flag on the command line wins. Defaults below are those under the environment."
                    + " DND_ALLOW_RUNTIME_LORA_UPDATING=true allows loading by path below DND_LORA_ADAPTER_ROOT.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd serve                                             the nano base on 127.0.0.1:8080",
            "  dnd serve -hf Qwen/Qwen2.5-0.5B-Instruct-GGUF:q8_0    fetched once, then from the cache",
            "  dnd serve -m qwen2.5-0.5b-q8_0.gguf --generator bundle --store adapters --metrics",
            "  dnd serve --lora french=my-adapter --port 0 --json",
        })
final class ServeCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Mixin
    private final HubModelFlags hub = new HubModelFlags();

    @Mixin
    private final ServeFlags serve = new ServeFlags();

    @Option(
            names = "--chat-template",
            paramLabel = "NAME|FILE",
            description =
                    "Chat template instead of the model's own: chatml, qwen2.5, or a Jinja file that is one of the two."
                            + " Default: the model's.")
    private @Nullable String chatTemplate;

    @Option(
            names = {"-a", "--alias"},
            paramLabel = "NAME",
            description = "Name of the base model in requests. Default: the file's, without its ending.")
    private @Nullable String alias;

    @Option(
            names = "--store",
            paramLabel = "DIR",
            description = "Folder that keeps adapters over restarts. Default: none, they go with the server.")
    private @Nullable Path store;

    @Option(
            names = "--lora",
            paramLabel = "[NAME=]PATH",
            description =
                    "Adapter to load at start, a PEFT folder or a GGUF file; repeatable. Requests ask for it by name.")
    private List<String> adapters = new ArrayList<>();

    @Option(
            names = "--lora-scaled",
            paramLabel = "[NAME=]PATH:SCALE",
            description = "The same, and requests for the base model get it at this scale.")
    private List<String> scaled = new ArrayList<>();

    /** An adapter to load at start. */
    private record Start(String name, Path path, float scale) {}

    @Override
    public Integer call() throws InterruptedException {
        EngineOptions engineOptions = engineOptions();
        HttpOptions http = serve.http();
        List<Start> starts = starts();
        Path model = model();
        String name = alias(model);
        ServeOptions options = new ServeOptions(
                model,
                name,
                hub.isNamed() && !engine.namesGenerator() ? List.of() : engine.generators(),
                engineOptions,
                serve.scheduler(engineOptions.context()),
                Optional.ofNullable(store),
                ServeFlags.adapterRoot(System.getenv()),
                serve.limits(),
                http);
        DndServer server = DndServer.start(options);
        Runtime.getRuntime().addShutdownHook(new Thread(server::close, "dnd-serve-end"));
        starts.forEach(start -> load(server, start));
        String url =
                "http://" + (http.host().contains(":") ? "[" + http.host() + "]" : http.host()) + ":" + server.port();
        output.line("serving   %s", name);
        output.line("at        %s", url);
        output.line("adapters  %s", String.join(", ", names(server)));
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("url", url);
        json.put("port", server.port());
        json.put("model", name);
        json.put("adapters", names(server));
        output.result(json);
        new CountDownLatch(1).await(); // until a signal ends the process
        return 0;
    }

    private static List<String> names(DndServer server) {
        return server.registry().cards().stream().map(card -> card.name()).toList();
    }

    private EngineOptions engineOptions() {
        EngineOptions plain = engine.options();
        if (chatTemplate == null) {
            return plain;
        }
        ModelOptions model = plain.model().withChatTemplate(ChatTemplateFile.read(chatTemplate));
        return plain.withModel(model);
    }

    private Path model() {
        if (!hub.isNamed()) {
            return engine.model();
        }
        if (!engine.isEmbeddedModel()) {
            throw Flags.wrong("--hf-repo", "and --model both name a base model; give one of them");
        }
        return hub.model(output);
    }

    private String alias(Path model) {
        if (alias != null) {
            return alias;
        }
        String file = String.valueOf(model.getFileName());
        return file.endsWith(".gguf") ? file.substring(0, file.length() - ".gguf".length()) : file;
    }

    private List<Start> starts() {
        List<Start> starts = new ArrayList<>();
        adapters.forEach(text -> starts.add(start(text, 0f)));
        for (String text : scaled) {
            int colon = text.lastIndexOf(':');
            if (colon <= 0) {
                throw Flags.wrong("--lora-scaled", "is '" + text + "', expected PATH:SCALE");
            }
            starts.add(start(text.substring(0, colon), Flags.finite("--lora-scaled", text.substring(colon + 1))));
        }
        return starts;
    }

    private static Start start(String text, float scale) {
        int equals = text.indexOf('=');
        Path path = Path.of(text.substring(equals + 1));
        String file = String.valueOf(path.getFileName());
        String stem = file.endsWith(".gguf") ? file.substring(0, file.length() - ".gguf".length()) : file;
        return new Start(equals > 0 ? text.substring(0, equals) : stem, path, scale);
    }

    private static void load(DndServer server, Start start) {
        try {
            server.workshop().load(start.path(), new AdapterPublication(start.name(), true, Optional.empty()));
            if (start.scale() != 0) {
                server.registry().addGlobal(AdapterRegistry.Choice.of(start.name(), start.scale()));
            }
        } catch (AdapterException e) {
            throw new InvalidInputException(
                    start.path().toString(), "--lora " + start.name(), String.valueOf(e.getMessage()), e);
        }
    }
}
