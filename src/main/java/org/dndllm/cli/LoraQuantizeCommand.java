package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.dndllm.format.GgmlType;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code dnd lora quantize}. */
@Command(
        name = "quantize",
        mixinStandardHelpOptions = true,
        header = "Store an adapter as GGUF in a smaller type, and say what that costs.",
        description =
                "q8_0 holds rows of whole blocks of 32 only: B has rows of rank values, so unless 32 divides the rank it"
                        + " is stored as f16.",
        footer = {
            "",
            "Examples:",
            "  dnd lora quantize my-adapter small.gguf --base qwen2.5-0.5b",
            "  dnd lora quantize adapter.gguf half.gguf --base base.gguf --type f16 --json",
        })
final class LoraQuantizeCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(index = "0", paramLabel = "SOURCE", description = "PEFT folder or adapter .gguf.")
    private Path source = Path.of("");

    @Parameters(index = "1", paramLabel = "TARGET", description = "NAME.gguf.")
    private Path target = Path.of("");

    @Mixin
    private final AdapterFlags files = new AdapterFlags();

    @Override
    public Integer call() {
        if (!AdapterFile.isGguf(target)) {
            throw Flags.wrong(
                    "TARGET", "is '" + target + "', expected NAME.gguf: PEFT folders have no quantized types");
        }
        GgmlType type = files.type().orElse(GgmlType.Q8_0);
        AdapterFile from = files.read(target, List.of(source)).getFirst();
        AdapterFile written = AdapterFile.writeGguf(target, from.weights(), type);
        LoraReport.of(from, written).print(output);
        return 0;
    }
}
