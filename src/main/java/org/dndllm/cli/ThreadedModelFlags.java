package org.dndllm.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Base model and threads of a measurement that sets up its engines itself. */
final class ThreadedModelFlags {
    @Option(
            names = {"-m", "--model"},
            paramLabel = "GGUF",
            description = "Base model. Default: the embedded nano base.")
    private @Nullable Path model;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "1",
            description = "Threads of each engine. Default: ${DEFAULT-VALUE}.")
    private int threads;

    Path model() {
        return Optional.ofNullable(model).orElseGet(() -> NanoSet.embedded().base());
    }

    /** Whether the base model is the nano set's own. */
    boolean isEmbeddedModel() {
        return model == null;
    }

    int threads() {
        Flags.atLeast("--threads", threads, 1);
        return threads;
    }
}
