package org.dndllm.cli;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.dndllm.llama.AdapterSet;

/**
 * Adapters come, answer and go while clients stream on others. Every answer is compared with that of its adapter alone
 * when the load is over, so that the comparison takes nothing from the server.
 */
final class SwapPart {
    private static final int QUESTIONS = 4;
    private static final int CONTROLS = ServeBench.SETS * QUESTIONS;
    private static final int QUIET_ANSWERS = 3;
    private static final double MOST_P99 = 3;
    private static final int SHOWN_PROBLEMS = 5;

    private final ServeBench bench;
    private final List<String> questions;

    /** An answer and what it was computed with. */
    private record Seen(AdapterSet set, String question, int most, StreamedChat answer) {}

    private SwapPart(ServeBench bench) {
        this.bench = bench;
        questions = IntStream.range(0, QUESTIONS)
                .mapToObj(i -> bench.freshQuestion())
                .toList();
    }

    static ServeReport measure(ServeBench bench) {
        return new SwapPart(bench).measure();
    }

    private ServeReport measure() {
        SwapCycles cycles = new SwapCycles(bench, questions);
        stream(1, CompletableFuture.completedFuture(true)); // warm-up
        List<Seen> quiet = stream(QUIET_ANSWERS, CompletableFuture.completedFuture(true));
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        Thread.ofPlatform().name("bench-swap").start(() -> {
            try {
                cycles.run();
                done.complete(true);
            } catch (RuntimeException | Error e) {
                done.completeExceptionally(e);
            }
        });
        List<Seen> loaded = stream(1, done);
        done.join();
        return report(cycles, quiet, loaded);
    }

    /** Every client asks on its adapter, {@code least} times and until {@code done}. */
    private List<Seen> stream(int least, CompletableFuture<Boolean> done) {
        return bench
                .together(client -> {
                    List<Seen> seen = new ArrayList<>();
                    ServeBench.Adapter adapter = bench.adapters().get(client % ServeBench.SETS);
                    int most = bench.options().tokens();
                    while (seen.size() < least || !done.isDone()) {
                        String question = questions.get((client + seen.size()) % QUESTIONS);
                        StreamedChat answer = StreamedChat.ask(bench.port(), adapter.name(), question, most);
                        seen.add(new Seen(adapter.set(), question, most, answer));
                    }
                    return seen;
                })
                .stream()
                .flatMap(List::stream)
                .toList();
    }

    private ServeReport report(SwapCycles cycles, List<Seen> quiet, List<Seen> loaded) {
        List<Seen> all = Stream.concat(
                        Stream.concat(quiet.stream(), loaded.stream()),
                        cycles.uses().stream()
                                .map(use -> new Seen(use.set(), use.question(), SwapCycles.TOKENS, use.answer())))
                .toList();
        List<String> failures = Stream.concat(
                        cycles.problems().stream(),
                        all.stream().map(seen -> seen.answer().problem()).filter(problem -> !problem.isEmpty()))
                .toList();
        AloneAnswers alone = AloneAnswers.calibrated(
                bench.bare(),
                bench.adapters().stream().map(ServeBench.Adapter::set).toList(),
                questions.stream().map(bench.bare()::prompt).toList());
        List<String> wrong = wrong(alone, all);
        Samples calm = gaps(quiet);
        Samples swapping = gaps(loaded);
        ServeReport report = new ServeReport();
        report.fact("adapters that came and went", "cycles", cycles.count());
        report.fact("of them generated", "generated", cycles.generated());
        report.fact("answers", "answers", all.size());
        report.fact("different texts", "different_texts", distinct(all));
        report.count("failed requests", "failed", failures.size(), 0);
        report.count("wrong answers", "wrong", wrong.size(), 0);
        report.detail("tie_share_of_largest_logit", alone.tie());
        report.detail("bit_equal_answers", bitEqual(all));
        report.count("control: others' answers refused", "control_refused", control(alone), CONTROLS);
        report.add("load to first token", "load_to_first_token_ms", Samples.of(cycles.millis()), " ms");
        report.add("between tokens, before", "quiet_token_ms", calm, " ms");
        report.add("between tokens, meanwhile", "token_ms", swapping, " ms");
        report.detail("quiet_token_p99_ms", calm.quantile(0.99));
        report.detail("token_p99_ms", swapping.quantile(0.99));
        report.atMost(
                "their p99 / median",
                "p99_to_median",
                Samples.of(List.of(swapping.quantile(0.99) / swapping.median())),
                "",
                MOST_P99);
        report.detail(
                "problems",
                Stream.concat(failures.stream(), wrong.stream())
                        .limit(SHOWN_PROBLEMS)
                        .toList());
        return report;
    }

    /** Answers with the very text of their adapter alone, without the help of ties. */
    private long bitEqual(List<Seen> all) {
        Map<List<Object>, String> texts = new HashMap<>();
        return all.stream()
                .filter(seen -> seen.answer()
                        .text()
                        .equals(texts.computeIfAbsent(
                                List.of(seen.set(), seen.question(), seen.most()),
                                key -> text(seen.set(), seen.question(), seen.most()))))
                .count();
    }

    private String text(AdapterSet set, String question, int most) {
        return bench.bare().text(bench.bare().single(set, bench.bare().prompt(question), most));
    }

    /** Without this no wrong answer means nothing: the judge must see a swapped adapter. Each adapter's answers, judged as the next one's. */
    private int control(AloneAnswers alone) {
        int refused = 0;
        int most = bench.options().tokens();
        for (int i = 0; i < ServeBench.SETS; i++) {
            AdapterSet other = bench.adapters().get((i + 1) % ServeBench.SETS).set();
            for (String question : questions) {
                String text = text(bench.adapters().get(i).set(), question, most);
                refused += alone.accept(other, bench.bare().prompt(question), most, text) ? 0 : 1;
            }
        }
        return refused;
    }

    private static long distinct(List<Seen> all) {
        return all.stream().map(seen -> seen.answer().text()).distinct().count();
    }

    private static Samples gaps(List<Seen> answers) {
        return Samples.of(
                answers.stream().flatMap(seen -> seen.answer().gaps().stream()).toList());
    }

    /** Answers that their adapter alone does not give; each different one is computed once. */
    private List<String> wrong(AloneAnswers alone, List<Seen> all) {
        record Claim(AdapterSet set, String question, int most, String text) {}
        Set<Claim> right = new HashSet<>();
        List<String> wrong = new ArrayList<>();
        for (Seen seen : all) {
            String text = seen.answer().text();
            Claim claim = new Claim(seen.set(), seen.question(), seen.most(), text);
            if (seen.answer().isFailed() || right.contains(claim)) {
                continue;
            }
            if (alone.accept(seen.set(), bench.bare().prompt(seen.question()), seen.most(), text)) {
                right.add(claim);
            } else {
                wrong.add(seen.set() + ", " + seen.question() + ": " + text);
            }
        }
        return wrong;
    }
}
