package org.dndllm.cli;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    private final Map<String, Contender> contenders = new LinkedHashMap<>();

    /** Answers questions and tells its tokens per second. */
    private interface Contender {
        double rate(List<String> questions);
    }

    private ConcurrentPart(ServeBench bench) {
        this.bench = bench;
        adapter = bench.adapters().getFirst();
        contenders.put("loop", this::loop);
        contenders.put("server", questions -> clients(bench.port(), adapter.name(), questions));
    }

    static ServeReport measure(ServeBench bench) {
        ConcurrentPart part = new ConcurrentPart(bench);
        if (bench.options().llamaServer().isEmpty()) {
            return part.measure();
        }
        ServeBenchOptions options = bench.options();
        try (LlamaServer peer = LlamaServer.start(
                options.llamaServer().get(),
                options.base(),
                part.adapter.file(),
                options.threads(),
                options.streams(),
                options.positions(),
                bench.folder().resolve("llama-server.log"))) {
            part.contenders.put("llama-server", questions -> part.clients(peer.port(), "any", questions));
            return part.measure();
        }
    }

    private ServeReport measure() {
        for (int i = 0; i < WARM_UP; i++) {
            round(i);
        }
        int rounds = bench.options().rounds();
        Map<String, Samples> rates = new LinkedHashMap<>();
        contenders.keySet().forEach(name -> rates.put(name, new Samples(rounds)));
        Samples ofLoop = new Samples(rounds);
        Samples ofPeer = new Samples(rounds);
        for (int i = 0; i < rounds; i++) {
            Map<String, Double> round = round(i);
            round.forEach((name, rate) -> rates.get(name).add(rate));
            ofLoop.add(round.get("server") / round.get("loop"));
            if (round.containsKey("llama-server")) {
                ofPeer.add(round.get("server") / round.get("llama-server"));
            }
        }
        ServeReport report = new ServeReport();
        report.add("bare batched loop, tokens/s", "loop_tokens_per_second", rates.get("loop"), "");
        report.add("server over HTTP, tokens/s", "http_tokens_per_second", rates.get("server"), "");
        report.atLeast("server / bare loop", "ratio", ofLoop, LEAST_OF_LOOP);
        if (rates.containsKey("llama-server")) {
            report.add("llama-server, tokens/s", "llama_server_tokens_per_second", rates.get("llama-server"), "");
            report.atLeast("server / llama-server", "ratio_to_llama_server", ofPeer, LEAST_OF_LLAMA_SERVER);
        }
        return report;
    }

    /** All contenders answer the same questions; the order changes with the round. */
    private Map<String, Double> round(int round) {
        List<String> questions = IntStream.range(0, bench.options().streams())
                .mapToObj(i -> bench.freshQuestion())
                .toList();
        List<String> order = new ArrayList<>(contenders.keySet());
        Collections.rotate(order, round);
        Map<String, Double> rates = new LinkedHashMap<>();
        order.forEach(name -> rates.put(name, contenders.get(name).rate(questions)));
        return rates;
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
