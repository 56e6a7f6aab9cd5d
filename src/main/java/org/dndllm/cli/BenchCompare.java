package org.dndllm.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code dnd bench compare}. */
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        header = "Two reports of dnd bench chain side by side, with ratios.",
        description =
                "Says first in what machines, versions, models and settings differ. Times of different moments on a"
                        + " shared machine differ by themselves: run both in turn, more than once.",
        footer = {"", "Examples:", "  dnd bench compare before.json after.json"})
final class BenchCompare implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(index = "0", paramLabel = "BEFORE", description = "Written by dnd bench chain --save.")
    private Path before = Path.of("");

    @Parameters(index = "1", paramLabel = "AFTER", description = "Likewise, a later one.")
    private Path after = Path.of("");

    @Override
    public Integer call() {
        output.result(ChainReport.read(before).compare(before, ChainReport.read(after), output));
        return 0;
    }
}
