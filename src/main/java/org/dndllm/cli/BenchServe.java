package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.eval.ReportTable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd bench serve}. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "Time the server over HTTP against bare loops on the same libraries, and swap adapters under load.",
        description = {
            "Server, bare loops and clients run in this process, and share the machine with llama-server where it is"
                    + " compared: what the clients take is counted against whoever serves them. Contenders take turns within"
                    + " a round; ratios are those of a round, and their median is quoted.",
            "Adapters are random, of rank 8, and as strong as it takes for the model to talk until it is cut off: the nano"
                    + " base ends its answers after a word, and is drowned by them.",
            "Parts: single, concurrent, fairness, swap, first-token.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd bench serve",
            "  dnd bench serve -m target/bench/0.5b-q8_0.gguf --llama-server build/bin/llama-server --json",
            "  dnd bench serve --only swap --cycles 1000",
        })
final class BenchServe implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final ThreadedModelFlags base = new ThreadedModelFlags();

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "64",
            description = "Longest answer. Default: ${DEFAULT-VALUE}.")
    private int tokens;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "11",
            description = "Measured rounds of each part. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--streams",
            paramLabel = "N",
            defaultValue = "8",
            description = "Clients at once. Default: ${DEFAULT-VALUE}.")
    private int streams;

    @Option(
            names = "--cycles",
            paramLabel = "N",
            defaultValue = "200",
            description = "Adapters that come and go under load. Default: ${DEFAULT-VALUE}.")
    private int cycles;

    @Option(
            names = "--llama-server",
            paramLabel = "PROGRAM",
            description = "llama.cpp's server (native/build --with-tools), for the same clients in turn with ours.")
    private @Nullable Path llamaServer;

    @Option(names = "--only", paramLabel = "PART", description = "This part; may be given several times.")
    private List<String> only = List.of();

    @Override
    public Integer call() {
        Flags.atLeast("--tokens", tokens, 2);
        Flags.atLeast("--rounds", rounds, 1);
        Flags.range("--streams", streams, ServeBench.SETS, 64);
        Flags.atLeast("--cycles", cycles, 1);
        List<ServePart> parts = parts();
        Map<ServePart, ServeReport> reports = new EnumMap<>(ServePart.class);
        Map<String, Object> json;
        ServeBenchOptions options = options();
        try (ServeBench bench = ServeBench.open(options)) {
            json = bench.facts();
            for (ServePart part : parts) {
                output.progress().advanced("parts", reports.size(), parts.size());
                reports.put(part, part.measure(bench));
            }
            output.progress().advanced("parts", reports.size(), parts.size());
        }
        reports.forEach((part, report) -> json.put(part.key(), report.toJson()));
        output.line(
                "%s, %d threads, answers of up to %d tokens, %d streams, %d rounds",
                options.base(), base.threads(), tokens, streams, rounds);
        output.line("server, loops and clients share this process and this machine");
        reports.forEach(this::print);
        output.result(json);
        return reports.values().stream().allMatch(ServeReport::isSound) ? 0 : Main.FAILURE;
    }

    private List<ServePart> parts() {
        if (only.isEmpty()) {
            return List.of(ServePart.values());
        }
        return only.stream()
                .map(name -> Flags.oneOf(
                        "--only",
                        name,
                        ServePart.class,
                        name.toUpperCase(Locale.ROOT).replace('-', '_')))
                .distinct()
                .sorted()
                .toList();
    }

    private ServeBenchOptions options() {
        return new ServeBenchOptions(
                base.model(),
                base.isEmbeddedModel() ? NanoSet.embedded().bundles() : List.of(),
                base.threads(),
                tokens,
                rounds,
                streams,
                cycles,
                Optional.ofNullable(llamaServer));
    }

    private void print(ServePart part, ServeReport report) {
        output.line("");
        output.line("%s: %s", part.key(), part.title());
        List<List<String>> rows = new ArrayList<>(List.of(ServeReport.titles()));
        rows.addAll(report.rows());
        new ReportTable(rows).lines().forEach(line -> output.line("%s", line));
    }
}
