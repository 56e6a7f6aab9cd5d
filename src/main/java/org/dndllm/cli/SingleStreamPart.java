package org.dndllm.cli;

import java.util.List;
import org.dndllm.EnvironmentException;

/** One stream over HTTP in turn with the bare loop: tokens per second, and the time between tokens. */
final class SingleStreamPart {
    private static final int WARM_UP = 2;
    private static final double LEAST_RATIO = 0.97;
    private static final double MOST_OVERHEAD_MILLIS = 0.2;

    private final ServeBench bench;
    private final Samples http;
    private final Samples loop;
    private final Samples ratio;
    private final Samples overhead;
    private int alike;

    private SingleStreamPart(ServeBench bench) {
        this.bench = bench;
        int rounds = bench.options().rounds();
        http = new Samples(rounds);
        loop = new Samples(rounds);
        ratio = new Samples(rounds);
        overhead = new Samples(rounds);
    }

    static ServeReport measure(ServeBench bench) {
        for (int i = 0; i < WARM_UP; i++) {
            new SingleStreamPart(bench).round(i);
        }
        SingleStreamPart part = new SingleStreamPart(bench);
        for (int round = 0; round < bench.options().rounds(); round++) {
            part.round(round);
        }
        return part.report();
    }

    /** Both answer the same question; who begins changes with the round. */
    private void round(int round) {
        ServeBench.Adapter talker = bench.talker();
        String question = bench.freshQuestion();
        int most = bench.options().tokens();
        if (round % 2 == 0) {
            BareLoop.Run bare = bare(talker, question, most);
            compare(bare, bench.ask(talker.name(), question, most));
        } else {
            StreamedChat streamed = bench.ask(talker.name(), question, most);
            compare(bare(talker, question, most), streamed);
        }
    }

    private BareLoop.Run bare(ServeBench.Adapter talker, String question, int most) {
        return bench.bare().single(talker.set(), bench.bare().prompt(question), most);
    }

    /** From the first token to the last: the prompt is another part's. */
    private void compare(BareLoop.Run bare, StreamedChat streamed) {
        if (bare.tokens().length < 2 || streamed.pieces().size() < 2) {
            throw new EnvironmentException("an answer had " + bare.tokens().length + " tokens and came in "
                    + streamed.pieces().size() + " pieces, which is too little to time; give a model that talks, and"
                    + " bench synthesize its --vocabulary");
        }
        double ours = (streamed.tokens() - 1) / ((streamed.end() - streamed.first()) / 1e9);
        double theirs = (bare.tokens().length - 1) / ((bare.end() - bare.times()[0]) / 1e9);
        http.add(ours);
        loop.add(theirs);
        ratio.add(ours / theirs);
        overhead.add(median(streamed.gaps()) - median(gaps(bare.times())));
        alike += streamed.text().equals(bench.bare().text(bare)) ? 1 : 0;
    }

    private static List<Double> gaps(long[] times) {
        return java.util.stream.IntStream.range(1, times.length)
                .mapToObj(i -> (times[i] - times[i - 1]) / 1e6)
                .toList();
    }

    private static double median(List<Double> values) {
        return Samples.of(values).median();
    }

    private ServeReport report() {
        ServeReport report = new ServeReport();
        report.fact("adapter set", "adapter_set", bench.talker().name());
        report.add("bare loop, tokens/s", "loop_tokens_per_second", loop, "");
        report.add("server over HTTP, tokens/s", "http_tokens_per_second", http, "");
        report.atLeast("server / bare loop", "ratio", ratio, LEAST_RATIO);
        report.atMost("server and HTTP per token", "overhead_per_token_ms", overhead, " ms", MOST_OVERHEAD_MILLIS);
        report.fact("rounds with the same text", "same_text", alike);
        return report;
    }
}
