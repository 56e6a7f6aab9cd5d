package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What every command that makes an adapter out of others asks for, and how it reads and writes them. */
final class AdapterFlags {
    @Option(names = "--base", required = true, paramLabel = "BASE", description = BaseOption.HELP)
    private String base = "";

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description = "f32, f16, bf16, or, in a .gguf, q8_0. Default: what holds the values exactly; for quantize,"
                    + " q8_0.")
    private @Nullable String type;

    @Option(names = "--replace", description = "Replace the target if it exists.")
    private boolean replace;

    /** The type that was asked for. */
    Optional<GgmlType> type() {
        return Optional.ofNullable(type).map(name -> Flags.adapterType("--type", name));
    }

    /** Refuses what can be refused before anything is read, then reads the adapters. */
    List<AdapterFile> read(Path target, List<Path> sources) {
        BaseShape shape = shape(target, sources);
        return sources.stream().map(source -> AdapterFile.read(source, shape)).toList();
    }

    /** As {@link #read}, of one adapter, whose modules may differ in rank and alpha. */
    AdapterFile readMixed(Path target, Path source) {
        return AdapterFile.readMixed(source, shape(target, List.of(source)));
    }

    private BaseShape shape(Path target, List<Path> sources) {
        if (!AdapterFile.isGguf(target) && type().filter(GgmlType.Q8_0::equals).isPresent()) {
            throw Flags.wrong("--type", "is q8_0, which only .gguf targets hold; name the target NAME.gguf");
        }
        AdapterFile.requireFree(target, sources, replace);
        return BaseOption.shape(base);
    }

    /** Writes the adapter that came out. */
    AdapterFile write(Path target, LoraWeights weights) {
        return AdapterFile.write(target, weights, type().orElseGet(() -> GgufAdapter.exactType(weights)), replace);
    }
}
