package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.SamplerOptions;
import org.dndllm.serve.adapter.AdapterLimits;
import org.dndllm.serve.adapter.AdapterRoot;
import org.dndllm.serve.http.HttpOptions;
import org.dndllm.serve.schedule.SchedulerOptions;
import org.dndllm.serve.wire.WireLimits;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a server listens, how much it does at once and what it lets in; spelled as llama-server spells it. */
final class ServeFlags {
    private static final String ALLOW_UPDATING = "DND_ALLOW_RUNTIME_LORA_UPDATING";
    private static final String ADAPTER_ROOT = "DND_LORA_ADAPTER_ROOT";

    @Option(names = "--host", defaultValue = "127.0.0.1", description = "Address to bind. Default: ${DEFAULT-VALUE}.")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            defaultValue = "8080",
            description = "Port to bind; 0 for a free one. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(names = "--api-key", paramLabel = "KEY", description = "Key that requests must carry; repeatable.")
    private List<String> apiKeys = new ArrayList<>();

    @Option(names = "--api-key-file", paramLabel = "FILE", description = "File with one key per line.")
    private @Nullable Path apiKeyFile;

    @Option(names = "--allow-open", description = "Allow an address that other machines can reach without a key.")
    private boolean open;

    @Option(
            names = "--cors-origins",
            paramLabel = "ORIGIN",
            split = ",",
            description = "Pages that may use the server besides its own, such as https://my.page; * for any.")
    private List<String> corsOrigins = new ArrayList<>();

    @Option(names = "--no-ui", description = "Leave the web page out: / and /page answer 404.")
    private boolean noPage;

    @Option(names = "--metrics", description = "Answer on /metrics.")
    private boolean metrics;

    @Option(
            names = {"-np", "--parallel"},
            paramLabel = "N",
            defaultValue = "8",
            description = "Requests of one adapter set that are computed side by side. Default: ${DEFAULT-VALUE}.")
    private int parallel;

    @Option(
            names = "--contexts",
            paramLabel = "N",
            defaultValue = "4",
            description = "Adapter sets that are served in turn, each with a context of its own. Default:"
                    + " ${DEFAULT-VALUE}.")
    private int contexts;

    @Option(
            names = "--queue",
            paramLabel = "N",
            defaultValue = "256",
            description = "Requests that may wait; more get status 429. Default: ${DEFAULT-VALUE}.")
    private int queue;

    @Option(
            names = "--max-loras",
            paramLabel = "N",
            defaultValue = "64",
            description = "Adapters loaded at once. Default: ${DEFAULT-VALUE}.")
    private int maxLoras;

    @Option(
            names = "--max-lora-rank",
            paramLabel = "N",
            defaultValue = "256",
            description = "Highest rank of an adapter. Default: ${DEFAULT-VALUE}.")
    private int maxLoraRank;

    @Option(
            names = "--max-lora-mb",
            paramLabel = "N",
            defaultValue = "4096",
            description = "Largest file of an adapter in MiB. Default: ${DEFAULT-VALUE}.")
    private long maxLoraMegabytes;

    @Option(
            names = "--max-body-kb",
            paramLabel = "N",
            defaultValue = "16384",
            description = "Longest request body in KiB. Default: ${DEFAULT-VALUE}.")
    private int maxBodyKilobytes;

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "600",
            description = "Longest time of one answer. Default: ${DEFAULT-VALUE}.")
    private int timeout;

    @Option(
            names = "--receive-timeout",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "Time in which a request must have come whole. Default: ${DEFAULT-VALUE}.")
    private int receiveTimeout;

    @Option(
            names = "--max-connections",
            paramLabel = "N",
            defaultValue = "1024",
            description = "Connections held at once; more are closed at once. Default: ${DEFAULT-VALUE}.")
    private int maxConnections;

    @Option(
            names = {"-n", "--n-predict"},
            defaultValue = "512",
            description = "Longest answer in tokens where a request says nothing. Default: ${DEFAULT-VALUE}.")
    private int maxTokens;

    @Option(names = "--temp", defaultValue = "0.8", description = "Default: ${DEFAULT-VALUE}.")
    private float temperature;

    @Option(names = "--top-k", defaultValue = "40", description = "Default: ${DEFAULT-VALUE}.")
    private int topK;

    @Option(names = "--top-p", defaultValue = "0.95", description = "Default: ${DEFAULT-VALUE}.")
    private float topP;

    @Option(names = "--min-p", defaultValue = "0.05", description = "Default: ${DEFAULT-VALUE}.")
    private float minP;

    SchedulerOptions scheduler(ContextOptions context) {
        return new SchedulerOptions(context, parallel, contexts, queue);
    }

    AdapterLimits limits() {
        Flags.atLeast("--max-loras", maxLoras, 1);
        Flags.atLeast("--max-lora-rank", maxLoraRank, 1);
        Flags.range("--max-lora-mb", maxLoraMegabytes, 1, 1 << 20);
        return new AdapterLimits(maxLoras, maxLoraRank, maxLoraMegabytes << 20);
    }

    HttpOptions http() {
        Flags.range("--max-body-kb", maxBodyKilobytes, 1, 1 << 20);
        Flags.atLeast("--timeout", timeout, 1);
        Flags.atLeast("--receive-timeout", receiveTimeout, 1);
        Flags.atLeast("--max-connections", maxConnections, 1);
        WireLimits plain = WireLimits.DEFAULT;
        SamplerOptions sampling = new SamplerOptions(temperature, topK, topP, minP, 0, 1f, 0f, 0f, 64, "");
        return new HttpOptions(
                host,
                port,
                keys(),
                open,
                corsOrigins,
                metrics,
                maxBodyKilobytes << 10,
                Duration.ofSeconds(timeout),
                sampling,
                maxTokens,
                new WireLimits(Duration.ofSeconds(receiveTimeout), plain.idle(), plain.stall(), maxConnections),
                !noPage);
    }

    private List<String> keys() {
        List<String> keys = new ArrayList<>(apiKeys);
        if (apiKeyFile != null) {
            try {
                List<String> lines = Files.readAllLines(apiKeyFile).stream()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty())
                        .toList();
                if (lines.isEmpty()) {
                    throw Flags.wrong("--api-key-file", "holds no key; write one per line");
                }
                keys.addAll(lines);
            } catch (IOException e) {
                throw new InvalidInputException(
                        Flags.COMMAND_LINE, "--api-key-file", apiKeyFile + " cannot be read; check the path", e);
            }
        }
        return keys;
    }

    /** Run-time loading by path is a thing that operators switch on, not callers of the command by habit. */
    static AdapterRoot adapterRoot(Map<String, String> environment) {
        if (!Boolean.parseBoolean(environment.get(ALLOW_UPDATING))) {
            return AdapterRoot.closed();
        }
        String root = Optional.ofNullable(environment.get(ADAPTER_ROOT))
                .filter(folder -> !folder.isBlank())
                .orElseThrow(() -> new InvalidInputException(
                        "environment",
                        ADAPTER_ROOT,
                        "is not set, but " + ALLOW_UPDATING + " is; name the folder that adapters may come from"));
        return AdapterRoot.of(Path.of(root));
    }
}
