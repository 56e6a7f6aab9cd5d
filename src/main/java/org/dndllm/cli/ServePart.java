package org.dndllm.cli;

import java.util.Locale;
import java.util.function.Function;

/** The parts of {@code dnd bench serve}, in the order in which they run. */
enum ServePart {
    SINGLE("one stream against the bare loop", SingleStreamPart::measure),
    CONCURRENT("many streams on one adapter set", ConcurrentPart::measure),
    FAIRNESS("adapter sets side by side", FairnessPart::measure),
    SWAP("adapters come and go under load", SwapPart::measure),
    FIRST_TOKEN("time to the first token", FirstTokenPart::measure);

    private final String title;
    private final Function<ServeBench, ServeReport> measure;

    ServePart(String title, Function<ServeBench, ServeReport> measure) {
        this.title = title;
        this.measure = measure;
    }

    /** Its name on the command line and in JSON. */
    String key() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    String title() {
        return title;
    }

    ServeReport measure(ServeBench bench) {
        return measure.apply(bench);
    }
}
