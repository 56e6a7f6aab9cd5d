package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.dndllm.lora.CanonicalForm;
import org.dndllm.lora.LoraWeights;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd lora rank}. */
@Command(
        name = "rank",
        mixinStandardHelpOptions = true,
        header = "Change the rank of an adapter: smaller as exactly as can be, larger without loss.",
        description = "As canonicalize, with the adapter's own modules and scale (alpha / rank).",
        footer = {
            "",
            "Examples:",
            "  dnd lora rank my-adapter smaller --base qwen2.5-0.5b --rank 4",
            "  dnd lora rank adapter.gguf smaller.gguf --base base.gguf --energy 0.99 --json",
        })
final class LoraRankCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(index = "0", paramLabel = "SOURCE", description = "PEFT folder or adapter .gguf.")
    private Path source = Path.of("");

    @Parameters(index = "1", paramLabel = "TARGET", description = "New PEFT folder or NAME.gguf.")
    private Path target = Path.of("");

    @Option(names = "--rank", paramLabel = "R", description = "The new rank.")
    private @Nullable Integer rank;

    @Option(
            names = "--energy",
            paramLabel = "E",
            description =
                    "Instead of --rank: the smallest rank that keeps this share of the squared norm of scale B A, all"
                            + " modules together.")
    private @Nullable Double energy;

    @Mixin
    private final AdapterFlags files = new AdapterFlags();

    @Override
    public Integer call() {
        if ((rank == null) == (energy == null)) {
            throw Flags.wrong("--rank, --energy", "expected exactly one of the two");
        }
        if (rank != null) {
            Flags.atLeast("--rank", rank, 1);
        }
        if (energy != null) {
            Flags.range("--energy", energy, Double.MIN_VALUE, 1);
        }
        List<AdapterFile> sources = files.read(target, List.of(source));
        LoraWeights from = sources.getFirst().weights();
        int wanted = rank != null ? rank : CanonicalForm.rankFor(from, energy == null ? 1 : energy);
        AdapterFile written =
                files.write(target, CanonicalForm.ofRank(wanted, from).of(from));
        LoraReport.of(sources.getFirst(), written).print(output);
        return 0;
    }
}
