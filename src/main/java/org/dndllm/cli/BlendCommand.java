package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.dndllm.lora.CanonicalForm;
import org.dndllm.lora.LoraBlend;
import org.dndllm.lora.LoraWeights;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd blend}, also {@code dnd lora blend}. */
@Command(
        name = "blend",
        mixinStandardHelpOptions = true,
        header = "Add adapters up, each with a weight, into one adapter.",
        description =
                "The sum is exact and its rank is the sum of the ranks, unless --rank cuts it to its nearest adapter of"
                        + " a smaller rank. Adapters of one base model only.",
        footer = {
            "",
            "Examples:",
            "  dnd blend both.gguf --base qwen2.5-0.5b --lora one.gguf --lora-scaled two-peft-folder:0.5",
            "  dnd blend both --base base.gguf --lora-scaled one.gguf:0.3 --lora-scaled two.gguf:0.7 --rank 8",
        })
final class BlendCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(paramLabel = "TARGET", description = "New PEFT folder or NAME.gguf.")
    private Path target = Path.of("");

    @Option(names = "--lora", paramLabel = "ADAPTER", description = "PEFT folder or .gguf of weight 1; repeatable.")
    private List<Path> plain = new ArrayList<>();

    @Option(names = "--lora-scaled", paramLabel = "ADAPTER:WEIGHT", description = "With a weight; repeatable.")
    private List<String> scaled = new ArrayList<>();

    @Option(names = "--rank", paramLabel = "R", description = "Cut the sum to this rank. Default: the exact sum.")
    private @Nullable Integer rank;

    @Mixin
    private final AdapterFlags files = new AdapterFlags();

    @Override
    public Integer call() {
        List<ScaledPath> named = ScaledPath.of(plain, scaled);
        if (named.isEmpty()) {
            throw Flags.wrong("--lora, --lora-scaled", "name no adapter; expected at least one");
        }
        if (rank != null) {
            Flags.atLeast("--rank", rank, 1);
        }
        List<AdapterFile> sources =
                files.read(target, named.stream().map(ScaledPath::path).toList());
        List<LoraBlend.Part> parts = new ArrayList<>();
        for (int i = 0; i < sources.size(); i++) {
            parts.add(new LoraBlend.Part(sources.get(i).weights(), named.get(i).scale()));
        }
        LoraWeights sum = LoraBlend.of(parts);
        LoraWeights result =
                rank == null ? sum : CanonicalForm.ofRank(rank, sum).of(sum);
        AdapterFile written = files.write(target, result);
        new LoraReport(sources, parts, written).print(output);
        return 0;
    }
}
