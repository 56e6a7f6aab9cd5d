package org.dndllm.cli;

import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Base model and random adapter of a measurement. */
final class BenchSetupFlags {
    @Mixin
    private final EngineFlags engine = new EngineFlags();

    @Option(names = "--rank", paramLabel = "R", defaultValue = "8", description = "Default: ${DEFAULT-VALUE}.")
    private int rank;

    Path model() {
        return engine.model();
    }

    BenchSetup open() {
        Flags.atLeast("--rank", rank, 1);
        return BenchSetup.open(engine, rank);
    }
}
