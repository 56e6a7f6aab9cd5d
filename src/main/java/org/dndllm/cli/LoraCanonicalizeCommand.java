package org.dndllm.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.dndllm.lora.CanonicalForm;
import org.dndllm.lora.MixedLora;
import org.dndllm.train.LoraSettings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd lora canonicalize}. */
@Command(
        name = "canonicalize",
        mixinStandardHelpOptions = true,
        header =
                "Bring any LoRA adapter to a rank, alpha and set of modules, in the one form that generators train on.",
        description = {
            "The nearest adapter of that rank by singular value decomposition; exact up to rounding where the rank"
                    + " suffices. A and B get rows and columns of equal length, orthogonal, in order of their effect and of"
                    + " a fixed sign, so that adapters of any origin can be compared. A second run changes no byte.",
            "Give the same --rank, --alpha and --modules to dnd train.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd lora canonicalize downloaded-lora loras/task/theirs --base base.gguf --rank 8 --zero-missing",
            "  dnd lora canonicalize theirs.gguf ours.gguf --base qwen2.5-0.5b --rank 16 --alpha 32 --modules"
                    + " q_proj,v_proj",
        })
final class LoraCanonicalizeCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(index = "0", paramLabel = "SOURCE", description = "PEFT folder or adapter .gguf.")
    private Path source = Path.of("");

    @Parameters(index = "1", paramLabel = "TARGET", description = "New PEFT folder or NAME.gguf.")
    private Path target = Path.of("");

    @Mixin
    private final LoraFlags lora = new LoraFlags();

    @Option(
            names = "--zero-missing",
            description =
                    "Modules that the source does not touch become zeros, as training needs them. Default: they stay"
                            + " untouched.")
    private boolean zeroMissing;

    @Mixin
    private final AdapterFlags files = new AdapterFlags();

    @Override
    public Integer call() {
        LoraSettings settings = lora.settings(0);
        CanonicalForm form = new CanonicalForm(settings.rank(), settings.alpha(), settings.modules(), zeroMissing);
        AdapterFile read = files.readMixed(target, source);
        MixedLora from = read.content();
        AdapterFile written = files.write(target, form.of(from));
        LoraReport.of(read, written)
                .with(new LoraReport.Difference(form.absent(from), form.extra(from), zeroMissing))
                .print(output);
        return 0;
    }
}
