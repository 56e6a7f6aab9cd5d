package org.dndllm.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;

/**
 * As many streams as there are clients, all on one adapter set, against a bare batched loop and, where its program is
 * named, llama.cpp's server. Tokens of all answers over the time from the first request to the last token. Questions are
 * new in every round, so no contender finds more of them in a cache than the chat template's beginning.
 */
final class ConcurrentPart {
    private static final int WARM_UP = 2;
    private static final double LEAST_OF_LOOP = 0.90;
    private static final double LEAST_OF_LLAMA_SERVER = 0.95;

    private final ServeBench bench;
    private final ServeBench.Adapter adapter;
    private final Contender loop;
    private final Contender server;

    private ConcurrentPart(ServeBench bench) {
        this.bench = bench;
        adapter = bench.adapters().getFirst();
        int rounds = bench.options().rounds();
        loop = new Contender(this::loop, rounds);
        server = new Contender(questions -> clients(bench.port(), adapter.name(), questions), rounds);
    }

    /** Answers questions; knows its tokens per second of every round. */
    private static final class Contender {
        private final ToDoubleFunction<List<String>> answer;
        private final Samples rates;
        private double last;

        Contender(ToDoubleFunction<List<String>> answer, int rounds) {
            this.answer = answer;
            rates = new Samples(rounds);
        }

        void run(List<String> questions) {
            last = answer.applyAsDouble(questions);
        }
    }

    static ServeReport measure(ServeBench bench) {
        ConcurrentPart part = new ConcurrentPart(bench);
        ServeBenchOptions options = bench.options();
        if (options.llamaServer().isEmpty()) {
            return part.measure(Optional.empty());
        }
        try (LlamaServer program = LlamaServer.start(
                options.llamaServer().get(),
                options.base(),
                part.adapter.file(),
                options.threads(),
                options.streams(),
                options.positions(),
                bench.folder().resolve("llama-server.log"))) {
            return part.measure(Optional.of(
                    new Contender(questions -> part.clients(program.port(), "any", questions), options.rounds())));
        }
    }

    private ServeReport measure(Optional<Contender> peer) {
        int rounds = bench.options().rounds();
        Samples ofLoop = new Samples(rounds);
        Samples ofPeer = new Samples(rounds);
        List<Contender> all = new ArrayList<>(List.of(loop, server));
        peer.ifPresent(all::add);
        for (int round = -WARM_UP; round < rounds; round++) {
            round(all, round);
            if (round >= 0) {
                all.forEach(contender -> contender.rates.add(contender.last));
                ofLoop.add(server.last / loop.last);
                peer.ifPresent(other -> ofPeer.add(server.last / other.last));
            }
        }
        ServeReport report = new ServeReport();
        report.add("bare batched loop, tokens/s", "loop_tokens_per_second", loop.rates, "");
        report.add("server over HTTP, tokens/s", "http_tokens_per_second", server.rates, "");
        report.atLeast("server / bare loop", "ratio", ofLoop, LEAST_OF_LOOP);
        peer.ifPresent(other -> {
            report.add("llama-server, tokens/s", "llama_server_tokens_per_second", other.rates, "");
            report.atLeast("server / llama-server", "ratio_to_llama_server", ofPeer, LEAST_OF_LLAMA_SERVER);
        });
        return report;
    }

    /** All answer the same questions; the order changes with the round. */
    private void round(List<Contender> all, int round) {
        List<String> questions = IntStream.range(0, bench.options().streams())
                .mapToObj(i -> bench.freshQuestion())
                .toList();
        List<Contender> order = new ArrayList<>(all);
        Collections.rotate(order, round);
        order.forEach(contender -> contender.run(questions));
    }

    private double loop(List<String> questions) {
        List<int[]> prompts = questions.stream().map(bench.bare()::prompt).toList();
        BareLoop.Batched run =
                bench.bare().batched(adapter.set(), prompts, bench.options().tokens());
        return run.tokens() / run.seconds();
    }

    private double clients(int port, String model, List<String> questions) {
        return rate(bench.together(i -> ServeBench.require(
                StreamedChat.ask(port, model, questions.get(i), bench.options().tokens()))));
    }

    /** Tokens per second over answers that ran side by side. */
    static double rate(List<StreamedChat> answers) {
        long start = answers.stream().mapToLong(StreamedChat::start).min().orElseThrow();
        long end = answers.stream().mapToLong(StreamedChat::end).max().orElseThrow();
        int tokens = answers.stream().mapToInt(StreamedChat::tokens).sum();
        return tokens / ((end - start) / 1e9);
    }
}
