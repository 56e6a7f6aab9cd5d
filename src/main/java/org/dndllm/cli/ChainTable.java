package org.dndllm.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dndllm.eval.ReportTable;
import tools.jackson.databind.JsonNode;

/** Sides of chain reports as columns of a table: what is quoted of each, and nothing twice. */
final class ChainTable {
    private static final double MEGABYTE = 1e6;

    /**
     * One row.
     *
     * @param pointer to the number in a side
     * @param per by which it is divided
     */
    private record Metric(String title, String unit, String pointer, double per, int decimals) {
        Optional<Double> of(JsonNode side) {
            JsonNode found = side.at(pointer);
            return found.isNumber() ? Optional.of(found.asDouble() / per) : Optional.empty();
        }

        String text(JsonNode side) {
            return of(side).map(value -> String.format(Locale.ROOT, "%,." + decimals + "f", value))
                    .orElse("-");
        }
    }

    private static final List<Metric> METRICS = List.of(
            millis("open base model", "/open_ms/base"),
            millis("verify bundle", "/open_ms/verify_bundle"),
            millis("open generator and encoder", "/open_ms/generator"),
            millis("first adapter, prompts to first token", "/cold_ms/to_first_token"),
            stage("encode prompts", "encode"),
            stage("generate", "generate"),
            stage("detokenise", "detokenize"),
            stage("convert to GGUF", "convert"),
            stage("check and load", "load"),
            stage("attach", "attach"),
            stage("prompts to attached", "to_attached"),
            stage("first token after that", "first_token"),
            stage("prompts to first token", "to_first_token"),
            speed("prompt, base", "/prompt_tokens_per_second/base/median"),
            speed("prompt, adapter", "/prompt_tokens_per_second/adapter/median"),
            new Metric("prompt, adapter / base by pairs", "", "/prompt_tokens_per_second/ratio/median", 1, 3),
            speed("decode, base", "/decode_tokens_per_second/base/median"),
            speed("decode, adapter", "/decode_tokens_per_second/adapter/median"),
            new Metric("decode, adapter / base by pairs", "", "/decode_tokens_per_second/ratio/median", 1, 3),
            megabytes("peak resident, whole process (VmHWM)", "/memory/process_peak_resident_bytes"),
            megabytes("peak resident", "/memory/peak_resident_bytes"),
            megabytes("  peak anonymous", "/memory/peak_anonymous_bytes"),
            megabytes("  peak mapped files", "/memory/peak_file_bytes"),
            megabytes("peak GPU memory", "/memory/peak_gpu_bytes"),
            megabytes("adapter", "/adapter_bytes"),
            new Metric("adapter's largest change of a logit", "", "/adapter_effect_on_logits", 1, 4));

    private ChainTable() {}

    private static Metric millis(String title, String pointer) {
        return new Metric(title, "ms", pointer, 1, 2);
    }

    private static Metric stage(String title, String stage) {
        return millis(title, "/stages_ms/" + stage + "/median");
    }

    private static Metric speed(String title, String pointer) {
        return new Metric(title, "tokens/s", pointer, 1, 1);
    }

    private static Metric megabytes(String title, String pointer) {
        return new Metric(title, "MB", pointer, MEGABYTE, 1);
    }

    /** Sides beside each other. */
    static ReportTable of(List<String> titles, List<JsonNode> sides) {
        return table(titles, metric -> sides.stream().map(metric::text).toList(), sides);
    }

    /** The same side of two reports, and the second's share of the first. */
    static ReportTable compare(String beforeTitle, JsonNode before, String afterTitle, JsonNode after) {
        return table(
                List.of(beforeTitle, afterTitle, afterTitle + " / " + beforeTitle),
                metric -> List.of(
                        metric.text(before),
                        metric.text(after),
                        ratio(metric, before, after)
                                .map(share -> String.format(Locale.ROOT, "%.3f", share))
                                .orElse("-")),
                List.of(before, after));
    }

    /** The numbers of {@link #compare}, by title. */
    static Map<String, Object> comparison(JsonNode before, JsonNode after) {
        Map<String, Object> json = new LinkedHashMap<>();
        for (Metric metric : METRICS) {
            ratio(metric, before, after)
                    .ifPresent(share -> json.put(
                            metric.pointer(),
                            Map.of(
                                    "before",
                                    metric.of(before).orElseThrow(),
                                    "after",
                                    metric.of(after).orElseThrow(),
                                    "ratio",
                                    share)));
        }
        return json;
    }

    private static Optional<Double> ratio(Metric metric, JsonNode before, JsonNode after) {
        Optional<Double> first = metric.of(before).filter(value -> value != 0);
        return first.flatMap(value -> metric.of(after).map(other -> other / value));
    }

    private interface Cells {
        List<String> of(Metric metric);
    }

    private static ReportTable table(List<String> titles, Cells cells, List<JsonNode> sides) {
        List<List<String>> rows = new ArrayList<>();
        List<String> first = new ArrayList<>(List.of(""));
        first.addAll(titles);
        first.add("");
        rows.add(first);
        for (Metric metric : METRICS) {
            if (sides.stream().anyMatch(side -> metric.of(side).isPresent())) {
                List<String> row = new ArrayList<>(List.of(metric.title()));
                row.addAll(cells.of(metric));
                row.add(metric.unit());
                rows.add(row);
            }
        }
        return new ReportTable(rows);
    }
}
