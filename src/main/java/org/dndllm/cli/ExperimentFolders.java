package org.dndllm.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where experiments keep what they made, and the set they are about. */
final class ExperimentFolders {
    @Option(
            names = "--work",
            paramLabel = "DIR",
            defaultValue = "target/experiments",
            description = "Folder of jobs and results. Default: ${DEFAULT-VALUE}.")
    private Path work = Path.of("");

    @Option(
            names = "--set",
            paramLabel = "DIR",
            description = "Nano set: base.gguf, compact (its encoder), tasks, adapters. Default: the embedded one.")
    private @Nullable Path set;

    Path work() {
        return work;
    }

    NanoSet set() {
        return Optional.ofNullable(set).map(NanoSet::new).orElseGet(NanoSet::embedded);
    }
}
