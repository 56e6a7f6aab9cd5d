package org.dndllm.eval.contest;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.commons.csv.CSVPrinter;
import org.dndllm.eval.ReportFolder;
import org.dndllm.eval.ReportTable;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.benchmark.ConditionOrigin;
import org.dndllm.eval.score.Judgement;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonWriter;

/**
 * All sets of a contest.
 *
 * @param facts model, seeds, options: what a reader needs to run it again
 */
public record ContestReport(Map<String, Object> facts, List<SetScore> sets) {
    public ContestReport {
        facts = new LinkedHashMap<>(facts);
        sets = List.copyOf(sets);
    }

    /** As JSON values. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>(facts);
        json.put("sets", sets.stream().map(SetScore::toJson).toList());
        return json;
    }

    /** What stands above a set's table: the file, how many items, and what guessing gets. */
    public static String heading(SetScore set) {
        ItemSample sample = set.sample();
        return String.format(
                Locale.ROOT,
                "%s (%s, split %s): %,d of %,d items, kind %s, %s",
                sample.set().name(),
                sample.set().source(),
                sample.set().split().label(),
                sample.items().size(),
                sample.set().items().size(),
                sample.set().kind().label(),
                chance(sample));
    }

    private static String chance(ItemSample sample) {
        int options = sample.judgedBy(ScoreColumn.LIKELIHOOD).size();
        if (options == 0) {
            return "nothing to guess from";
        }
        String chance = String.format(Locale.ROOT, "chance %.1f %%", 100 * sample.chance());
        return options == sample.items().size()
                ? chance
                : String.format(Locale.ROOT, "%s on the %,d with options", chance, options);
    }

    /** The table of a set. */
    public static ReportTable table(SetScore set) {
        return ScoreTable.of(set);
    }

    /** What a table cannot hold, in sentences: answers that could not be read, and remarks. */
    public static List<String> notes(SetScore set) {
        List<String> notes = new ArrayList<>(set.sample().set().warnings());
        partial(set).ifPresent(notes::add);
        for (ContenderScore contender : set.contenders()) {
            for (ColumnScore score : contender.columns()) {
                if (score.unread() > 0 && !score.column().isLikelihood()) {
                    notes.add(String.format(
                            Locale.ROOT,
                            "%s: no answer found in %,d of %,d by the column '%s'",
                            contender.name(),
                            score.unread(),
                            score.judgements().size(),
                            score.column().title()));
                }
            }
            contender.remarks().forEach(remark -> notes.add(contender.name() + " " + remark));
        }
        return notes;
    }

    private static Optional<String> partial(SetScore set) {
        int all = set.sample().items().size();
        int options = set.sample().judgedBy(ScoreColumn.LIKELIHOOD).size();
        boolean compared = set.columns().stream().anyMatch(ScoreColumn::isLikelihood);
        return compared && options < all
                ? Optional.of(String.format(
                        Locale.ROOT, "likelihoods compare options, which %,d of the %,d items have", options, all))
                : Optional.empty();
    }

    /** Why scores of a set are not comparable, one plain sentence for each adapter; empty when all are. */
    public static List<String> breaches(SetScore set) {
        return set.contenders().stream()
                .filter(ContenderScore::isTainted)
                .map(contender -> contender.name() + " is NOT COMPARABLE: "
                        + contender.condition().map(ConditionOrigin::breach).orElseThrow())
                .toList();
    }

    /**
     * Writes {@code score.json}, {@code score.md} and {@code answers.csv}, which has every single judgement.
     *
     * @throws org.dndllm.EnvironmentException if the disk refuses
     */
    public void write(Path folder) {
        AtomicFile.writeString(folder.resolve("score.json"), JsonWriter.write(toJson()));
        AtomicFile.writeString(folder.resolve("score.md"), markdown());
        AtomicFile.writeString(folder.resolve("answers.csv"), answers());
    }

    private String markdown() {
        StringBuilder text = new StringBuilder("# Scores\n\n");
        facts.forEach((name, value) ->
                text.append("- ").append(name).append(": ").append(value).append('\n'));
        for (SetScore set : sets) {
            text.append("\n## ").append(set.sample().set().name()).append("\n\n");
            text.append(heading(set)).append(".\n\n").append(table(set).markdown());
            breaches(set).forEach(breach -> text.append("\n**").append(breach).append("**\n"));
            notes(set).forEach(note -> text.append("\n- ").append(note));
            text.append('\n');
        }
        return text.toString();
    }

    private String answers() {
        return ReportFolder.csv(
                List.of("set", "item", "contender", "column", "expected", "said", "verdict", "answer"), printer -> {
                    for (SetScore set : sets) {
                        for (ContenderScore contender : set.contenders()) {
                            for (ColumnScore score : contender.columns()) {
                                print(printer, set, contender, score);
                            }
                        }
                    }
                });
    }

    private static void print(CSVPrinter printer, SetScore set, ContenderScore contender, ColumnScore score)
            throws IOException {
        List<BenchmarkItem> items = set.sample().judgedBy(score.column());
        for (int i = 0; i < items.size(); i++) {
            BenchmarkItem item = items.get(i);
            Judgement judgement = score.judgements().get(i);
            boolean read = !score.column().isLikelihood();
            printer.printRecord(
                    set.sample().set().name(),
                    item.id(),
                    contender.name(),
                    score.column().label(),
                    item.answer(),
                    judgement.parsed(),
                    judgement.verdict().name().toLowerCase(Locale.ROOT),
                    read ? contender.answers().get(i) : "");
        }
    }
}
