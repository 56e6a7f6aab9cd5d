package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.dndllm.engine.GeneratorBundle;

/**
 * What {@link GeneratorPairs} measured.
 *
 * @param ours seconds of our turns
 * @param ourPeakBytes resident, or of the GPU
 * @param theirs turns of the official generator by precision, float32 first
 * @param errors of our tokens relative to the official ones of each precision
 */
record GeneratorPairsReport(
        GeneratorBundle bundle,
        OfficialJob job,
        OfficialGenerator.Facts facts,
        Samples ours,
        long ourPeakBytes,
        Map<String, List<OfficialGenerator.Turn>> theirs,
        Map<String, Double> errors) {
    /** Relative error of the tokens that rounding alone does not reach in float32. */
    static final double BOUND = 1e-4;

    private static final String ROW = "%-16s %10s %10s %10s %14s %10s";

    /** Whether both sides computed the same. On a GPU each rounds to TF32 in its own way, so that nothing is asked. */
    boolean isSameWork() {
        return job.onGpu() || error("f32") <= BOUND;
    }

    private double error(String precision) {
        return Objects.requireNonNull(errors.get(precision));
    }

    private Samples seconds(String precision, boolean alone) {
        List<OfficialGenerator.Turn> turns = Objects.requireNonNull(theirs.get(precision));
        Samples samples = new Samples(turns.size());
        turns.forEach(turn -> samples.add(alone ? turn.forwardSeconds() : turn.seconds()));
        return samples;
    }

    /** Of each pair: how many times as long the official generator takes. */
    private Samples ratios(String precision) {
        Samples ratios = new Samples(ours.capacity());
        List<OfficialGenerator.Turn> turns = Objects.requireNonNull(theirs.get(precision));
        for (int pair = 0; pair < turns.size(); pair++) {
            ratios.add(turns.get(pair).seconds() / ours.at(pair));
        }
        return ratios;
    }

    /**
     * Prints the table.
     *
     * @return the same for machines
     */
    Map<String, Object> print(Output output) {
        output.line(
                "generator  %s (%s), %,d parameters; %s, %s; same weights, same condition, %d pairs in turn",
                bundle.manifest().name(),
                bundle.manifest().training().trained() ? "trained" : "random weights",
                job.config().parameters(),
                facts.device(),
                job.onGpu()
                        ? "float32 convolutions in " + (facts.tf32() ? "TF32" : "full")
                        : facts.threads() + " threads",
                ours.capacity());
        output.line("official   PyTorch %s, sources %.16s", facts.torch(), facts.sourcesSha256());
        output.line(ROW, "side", "median s", "min s", "max s", "pass alone s", "peak MB");
        output.line(
                ROW,
                "ours",
                text(ours.median()),
                text(ours.quantile(0)),
                text(ours.quantile(1)),
                "",
                mega(ourPeakBytes));
        theirs.forEach((precision, turns) -> {
            Samples seconds = seconds(precision, false);
            output.line(
                    ROW,
                    "official " + precision,
                    text(seconds.median()),
                    text(seconds.quantile(0)),
                    text(seconds.quantile(1)),
                    text(seconds(precision, true).median()),
                    mega(turns.getLast().peakBytes()));
        });
        theirs.keySet().forEach(precision -> {
            Samples ratios = ratios(precision);
            output.line(
                    "official %s / ours, pair by pair: median %.2f (%.2f to %.2f); tokens, relative error %.1e%s",
                    precision,
                    ratios.median(),
                    ratios.quantile(0),
                    ratios.quantile(1),
                    error(precision),
                    job.onGpu()
                            ? ""
                            : isSameWork() ? " (bound 1e-4)" : " (ABOVE the bound of 1e-4: not the same work)");
        });
        return toJson();
    }

    private Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("bundle", bundle.folder().toString());
        json.put("bundle_sha256", bundle.sha256());
        json.put("name", bundle.manifest().name());
        json.put("trained", bundle.manifest().training().trained());
        json.put("parameters", job.config().parameters());
        json.put("device", facts.device());
        json.put("pairs", ours.capacity());
        Map<String, Object> mine = new LinkedHashMap<>();
        mine.put("seconds", ours.toJson());
        mine.put("threads", job.threads());
        mine.put("peak_bytes", ourPeakBytes);
        json.put("ours", mine);
        Map<String, Object> official = new LinkedHashMap<>();
        official.put("torch", facts.torch());
        official.put("threads", facts.threads());
        official.put("tf32", facts.tf32());
        official.put("sources_sha256", facts.sourcesSha256());
        theirs.forEach((precision, turns) -> {
            Map<String, Object> side = new LinkedHashMap<>();
            side.put("seconds", seconds(precision, false).toJson());
            side.put("forward_s", seconds(precision, true).toJson());
            side.put("peak_bytes", turns.getLast().peakBytes());
            side.put("ratio_official_to_ours", ratios(precision).toJson());
            side.put("tokens_relative_error", error(precision));
            official.put(precision, side);
        });
        json.put("official", official);
        if (!job.onGpu()) {
            json.put("error_bound", BOUND);
            json.put("same_work", isSameWork());
        }
        return json;
    }

    private static String text(double seconds) {
        return String.format(Locale.ROOT, seconds < 1 ? "%.4f" : "%.2f", seconds);
    }

    private static String mega(long bytes) {
        return String.format(Locale.ROOT, "%.0f", bytes / 1e6);
    }
}
