package org.dndllm.cli;

import picocli.CommandLine.Option;

/** How much of each task is measured. */
final class MeasureFlags {
    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "3",
            description = "Prompt draws per task, one generated adapter each. Default: ${DEFAULT-VALUE}.")
    private int seeds;

    @Option(
            names = "--items",
            paramLabel = "N",
            defaultValue = "0",
            description = "Test items per task; 0 for all. Default: ${DEFAULT-VALUE}.")
    private int items;

    int seeds() {
        Flags.atLeast("--seeds", seeds, 1);
        return seeds;
    }

    int items() {
        Flags.atLeast("--items", items, 0);
        return items;
    }
}
