package org.dndllm.cli;

import java.util.List;

/** The streams spread over several adapter sets: what each set gets, and what all get against one set. */
final class FairnessPart {
    private static final int WARM_UP = 1;
    private static final double MOST_OFF = 0.25;

    private FairnessPart() {}

    static ServeReport measure(ServeBench bench) {
        int rounds = bench.options().rounds();
        Samples several = new Samples(rounds);
        Samples one = new Samples(rounds);
        Samples ratio = new Samples(rounds);
        Samples off = new Samples(rounds);
        for (int round = -WARM_UP; round < rounds; round++) {
            List<StreamedChat> alone = round % 2 == 0 ? run(bench, 1) : List.of();
            List<StreamedChat> spread = run(bench, ServeBench.SETS);
            alone = alone.isEmpty() ? run(bench, 1) : alone;
            if (round >= 0) {
                several.add(ConcurrentPart.rate(spread));
                one.add(ConcurrentPart.rate(alone));
                ratio.add(ConcurrentPart.rate(spread) / ConcurrentPart.rate(alone));
                off.add(worstShare(spread));
            }
        }
        ServeReport report = new ServeReport();
        report.add(ServeBench.SETS + " sets, tokens/s", "several_sets_tokens_per_second", several, "");
        report.add("1 set, tokens/s", "one_set_tokens_per_second", one, "");
        report.add(ServeBench.SETS + " sets / 1 set", "ratio_to_one_set", ratio, "");
        report.atMost("a set's share off a fair one, worst", "off_fair_share", off, "", MOST_OFF);
        return report;
    }

    private static List<StreamedChat> run(ServeBench bench, int sets) {
        return bench.together(client -> bench.ask(
                bench.adapters().get(client % sets).name(),
                bench.freshQuestion(),
                bench.options().tokens()));
    }

    /** Pieces of each set until the first answer ended, against equal shares: the largest distance, 1 for nothing. */
    private static double worstShare(List<StreamedChat> answers) {
        long until = answers.stream().mapToLong(StreamedChat::end).min().orElseThrow();
        int[] pieces = new int[ServeBench.SETS];
        int[] streams = new int[ServeBench.SETS];
        int all = 0;
        for (int client = 0; client < answers.size(); client++) {
            int set = client % ServeBench.SETS;
            int count = (int) answers.get(client).pieces().stream()
                    .filter(time -> time <= until)
                    .count();
            streams[set]++;
            pieces[set] += count;
            all += count;
        }
        double worst = 0;
        for (int set = 0; set < ServeBench.SETS; set++) {
            double fair = (double) all * streams[set] / answers.size();
            worst = Math.max(worst, all == 0 ? 1 : Math.abs(pieces[set] - fair) / fair);
        }
        return worst;
    }
}
