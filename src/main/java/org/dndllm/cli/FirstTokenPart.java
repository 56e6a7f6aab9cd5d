package org.dndllm.cli;

/** Time to the first token of requests that name a loaded adapter, in turn with requests to the base model. */
final class FirstTokenPart {
    private static final int WARM_UP = 5;
    private static final int PER_ROUND = 10;
    private static final double MOST_RATIO = 1.1;

    private FirstTokenPart() {}

    static ServeReport measure(ServeBench bench) {
        int count = PER_ROUND * bench.options().rounds();
        Samples base = new Samples(count);
        Samples adapter = new Samples(count);
        Samples ratio = new Samples(count);
        String name = bench.adapters().getFirst().name();
        for (int i = -WARM_UP; i < count; i++) {
            String question = bench.freshQuestion();
            boolean baseFirst = i % 2 == 0;
            double first = time(bench, baseFirst ? ServeBench.BASE : name, question);
            double second = time(bench, baseFirst ? name : ServeBench.BASE, question);
            if (i >= 0) {
                base.add(baseFirst ? first : second);
                adapter.add(baseFirst ? second : first);
                ratio.add(baseFirst ? second / first : first / second);
            }
        }
        ServeReport report = new ServeReport();
        report.add("base model", "base_ms", base, " ms");
        report.add("loaded adapter", "adapter_ms", adapter, " ms");
        report.atMost("adapter / base", "ratio", ratio, "", MOST_RATIO);
        return report;
    }

    private static double time(ServeBench bench, String model, String question) {
        StreamedChat answer = bench.ask(model, question, 1);
        return (answer.first() - answer.start()) / 1e6;
    }
}
