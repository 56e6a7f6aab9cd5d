package org.dndllm.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A program in C that a measurement takes turns with. */
final class PeerFlags {
    @Option(
            names = "--c-loop",
            paramLabel = "PROGRAM",
            description = "The same work in C, in turn with ours; without it only Java is timed.")
    private @Nullable Path program;

    @Option(
            names = "--pairs",
            paramLabel = "N",
            defaultValue = "5",
            description = "Turns of each side. Default: ${DEFAULT-VALUE}.")
    private int pairs;

    Optional<BenchPeer> program() {
        return Optional.ofNullable(program).map(BenchPeer::new);
    }

    int pairs() {
        Flags.atLeast("--pairs", pairs, 1);
        return pairs;
    }
}
