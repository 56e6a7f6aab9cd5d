package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.benchmark.BenchmarkSet;
import org.dndllm.eval.benchmark.ConditionOrigin;
import org.dndllm.eval.benchmark.Protocol;
import org.dndllm.eval.benchmark.SplitDiscipline;
import picocli.CommandLine.Option;

/** The prompts that adapters are generated from before they are scored; what is scored must not be among them. */
final class ConditionFlags {
    @Option(
            names = "--condition-from",
            paramLabel = "FILE",
            description = "Also score an adapter generated from these prompts (a training split); repeatable.")
    private List<Path> files = new ArrayList<>();

    @Option(
            names = "--prompts-seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Seed of the prompt draw. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--official-protocol",
            description =
                    "Allow a condition from the test file itself, as the official evaluation draws it. Such scores"
                            + " are printed in red: the adapter has seen what it is scored on.")
    private boolean official;

    /**
     * Prompts of one file.
     *
     * @param origins one for each scored set
     */
    record Condition(PromptSet prompts, List<ConditionOrigin> origins) {
        /** What the adapter made from it is called. */
        String name() {
            return "generated from " + Path.of(prompts.source()).getFileName();
        }
    }

    /** Reads the files and refuses what breaks the split discipline, before any model is opened. */
    List<Condition> read(List<BenchmarkSet> scored) {
        Protocol protocol = official ? Protocol.OFFICIAL : Protocol.SEPARATE;
        List<Condition> conditions = new ArrayList<>();
        for (Path file : files) {
            PromptSet prompts = PromptReader.read(file);
            List<ConditionOrigin> origins = scored.stream()
                    .map(set -> SplitDiscipline.check(prompts, Optional.empty(), Optional.of(set), protocol))
                    .toList();
            conditions.add(new Condition(prompts, origins));
        }
        return conditions;
    }

    long seed() {
        return seed;
    }
}
