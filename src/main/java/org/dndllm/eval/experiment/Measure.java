package org.dndllm.eval.experiment;

import java.util.Locale;
import java.util.Optional;
import java.util.OptionalDouble;

/** What a trial's table shows beside accuracies. */
public enum Measure {
    /** Share of adapters whose prompts the bundle calls unlike its training tasks. */
    FLAGGED("flagged %"),
    /** Mean out-of-distribution score. */
    SCORE("mean score"),
    /** Median time from prompts to attached adapter. */
    ATTACHED("prompts to attached, ms"),
    /** Median time of the encoder. */
    ENCODE("encode, ms"),
    /** Median time of the generator. */
    GENERATE("generate, ms"),
    /** Median time from weights to attached adapter. */
    ATTACH("attach, ms"),
    /** The most by which resident memory grew during the first generation of a fresh session. */
    MEMORY("memory of a generation, MB"),
    /** Size of the adapter as it reaches the model. */
    SIZE("adapter, kB"),
    /** Median training time of the LoRAs, as noted when they were trained. */
    TRAINING("training, s"),
    /** Median CPU time of that training, where it was measured. */
    TRAINING_CPU("training, CPU s"),
    /**
     * Median seconds of what comes before the first answer: prompts to attached adapter, or training and attaching. Its trial
     * is also drawn over time.
     */
    BEFORE("before the first answer, s"),
    /** Wall time of the job for each pass over a task's items. */
    PASS("s per pass");

    private final String title;

    Measure(String title) {
        this.title = title;
    }

    /** For tables. */
    public String title() {
        return title;
    }

    /** As text; empty where the job has none. */
    public Optional<String> of(JobResult result) {
        return switch (this) {
            case FLAGGED -> result.outside().map(share -> text("%.1f", 100 * share.value()));
            case SCORE -> score(result);
            case ATTACHED -> number(result, "prompts_to_attached_ms", 1, "%.1f");
            case ENCODE -> number(result, "encode_ms", 1, "%.1f");
            case GENERATE -> number(result, "generate_ms", 1, "%.1f");
            case ATTACH -> number(result, "attach_ms", 1, "%.1f");
            case MEMORY -> number(result, "generation_memory_bytes", 1e6, "%.1f");
            case SIZE -> number(result, "adapter_bytes", 1e3, "%.0f");
            case TRAINING -> number(result, "train_seconds", 1, "%.1f");
            case TRAINING_CPU -> number(result, "train_cpu_seconds", 1, "%.1f");
            case BEFORE -> {
                OptionalDouble seconds = result.seconds();
                yield seconds.isPresent() ? Optional.of(text("%.3f", seconds.getAsDouble())) : Optional.empty();
            }
            case PASS -> Optional.of(text("%.2f", result.passSeconds()));
        };
    }

    private static Optional<String> score(JobResult result) {
        OptionalDouble mean = result.cells().stream()
                .flatMapToDouble(cell -> cell.score().stream())
                .average();
        return mean.isPresent() ? Optional.of(text("%.2f", mean.getAsDouble())) : Optional.empty();
    }

    private static Optional<String> number(JobResult result, String name, double unit, String format) {
        return Optional.ofNullable(result.measures().get(name)).map(value -> text(format, value / unit));
    }

    private static String text(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }
}
