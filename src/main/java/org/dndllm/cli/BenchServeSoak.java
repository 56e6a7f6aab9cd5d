package org.dndllm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.dndllm.eval.ReportTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd bench serve-soak}. */
@Command(
        name = "serve-soak",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "Load the server for a long time, with bad requests and clients that vanish, and look for leaks.",
        description = {
            "Clients ask for answers, whole and streamed, of the base model, of adapters and of blends; one request in twenty"
                    + " is wrong and one in twenty is left before its answer. Meanwhile an adapter is loaded or generated,"
                    + " used, replaced in place and unloaded, over and over.",
            "Memory, file handles, threads, connections, contexts, sequences and adapters are looked at all the while. The"
                    + " verdict: no request failed, nothing is left running or open at the end, and the line through the"
                    + " second half of resident memory and of live heap does not rise. Rises are judged from 5 minutes on:"
                    + " before, the compilers' memory still grows. Exit code 1 where the verdict is bad.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd bench serve-soak --minutes 30",
            "  dnd bench serve-soak --minutes 0.1 --streams 4 --json",
        })
final class BenchServeSoak implements Callable<Integer> {
    private static final int TOKENS = 32;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final ThreadedModelFlags engine = new ThreadedModelFlags();

    @Option(names = "--minutes", defaultValue = "30", description = "How long. Default: ${DEFAULT-VALUE}.")
    private double minutes;

    @Option(names = "--streams", defaultValue = "8", description = "Clients at once. Default: ${DEFAULT-VALUE}.")
    private int streams;

    @Option(names = "--seed", defaultValue = "1", description = "Of what clients ask. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Override
    public Integer call() {
        Flags.range("--minutes", minutes, 0.02, 60 * 24);
        Flags.range("--streams", streams, ServeBench.SETS, 64);
        try (ServeBench bench = ServeBench.open(options())) {
            SoakRun run = SoakRun.of(bench, minutes, seed, output.progress());
            SoakVerdict verdict = SoakVerdict.of(run);
            report(bench, run, verdict);
            return verdict.isGood() ? 0 : Main.FAILURE;
        }
    }

    private ServeBenchOptions options() {
        return new ServeBenchOptions(
                engine.model(),
                engine.isEmbeddedModel() ? NanoSet.embedded().bundles() : List.of(),
                engine.threads(),
                TOKENS,
                1,
                streams,
                1,
                Optional.empty());
    }

    private void report(ServeBench bench, SoakRun run, SoakVerdict verdict) {
        output.line(
                "%s, %d threads, %d clients and a guest adapter, %.2f minutes",
                bench.options().base(), bench.options().threads(), streams, run.minutes());
        output.line("%d requests: %s", run.tally().requests(), run.tally().byKind());
        run.tally().problems().forEach(problem -> output.line("  failed: %s", problem));
        output.line("");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("", "first", "median, 2nd half", "last", "per minute, 2nd half"));
        run.gauges()
                .trends()
                .forEach((name, trend) -> rows.add(Stream.concat(
                                Stream.of(name.replace('_', ' ')),
                                Stream.of(trend.first(), trend.median(), trend.last(), trend.perMinute())
                                        .map(value -> String.format(Locale.ROOT, "%.2f", value)))
                        .toList()));
        new ReportTable(rows).lines().forEach(line -> output.line("%s", line));
        output.line("");
        verdict.checks().forEach(check -> output.line("%-4s %s", check.word(), check.text()));
        output.result(json(bench, run, verdict));
    }

    private Map<String, Object> json(ServeBench bench, SoakRun run, SoakVerdict verdict) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("machine", Machine.facts());
        json.put("model", bench.options().base().toString());
        json.put("threads", bench.options().threads());
        json.put("streams", streams);
        json.put("seed", seed);
        json.put("minutes", run.minutes());
        json.put("requests", run.tally().requests());
        json.put("requests_by_kind", run.tally().byKind());
        json.put("failed", run.tally().failed());
        json.put("problems", run.tally().problems());
        run.gauges().trends().forEach((name, trend) -> json.put(name, trend.toJson()));
        json.put("checks", verdict.toJson());
        json.put("good", verdict.isGood());
        return json;
    }
}
