package org.dndllm.cli;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.lora.TargetModule;
import org.dndllm.train.LoraSettings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which kind of LoRA is trained. */
final class LoraFlags {
    @Option(names = "--rank", paramLabel = "R", defaultValue = "8", description = "Rank. Default: ${DEFAULT-VALUE}.")
    private int rank;

    @Option(names = "--alpha", paramLabel = "A", description = "The scale is A / R. Default: 2 R.")
    private @Nullable String alpha;

    @Option(
            names = "--modules",
            paramLabel = "M",
            split = ",",
            description = "Target modules, such as q_proj,v_proj. Default: all seven.")
    private List<String> modules = List.of();

    /** @param dropout share of the adapter's inputs that are zeroed in training */
    LoraSettings settings(double dropout) {
        float numerator = alpha == null ? 2f * rank : Flags.finite("--alpha", alpha);
        return new LoraSettings(rank, numerator, targets(), dropout);
    }

    private Set<TargetModule> targets() {
        EnumSet<TargetModule> chosen = EnumSet.noneOf(TargetModule.class);
        for (String name : modules) {
            chosen.add(TargetModule.byHfName(name)
                    .orElseThrow(() -> new InvalidInputException(
                            "command line",
                            "--modules",
                            "'" + name + "' is not one of "
                                    + java.util.Arrays.stream(TargetModule.values())
                                            .map(TargetModule::hfName)
                                            .toList())));
        }
        return chosen.isEmpty() ? EnumSet.allOf(TargetModule.class) : chosen;
    }
}
