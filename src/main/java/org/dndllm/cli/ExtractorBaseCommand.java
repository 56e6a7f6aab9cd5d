package org.dndllm.cli;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.train.extractor.BaseStates;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd extractor base}. */
@Command(
        name = "base",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "A base model's own hidden states, after its last norm.",
        description =
                "Writes any Qwen2 or Qwen2.5 model (F32, F16, BF16, Q8_0) as an ONNX graph in float32 with its own"
                        + " tokenizer; a text is read between <|im_start|> and <|im_end|>. The bundle then holds the base model's"
                        + " weights a second time.",
        footer = {
            "",
            "Examples:",
            "  dnd extractor base --save-to own-states",
            "  dnd extractor base -m Qwen2.5-0.5B-Instruct.gguf --save-to own-states",
        })
final class ExtractorBaseCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final ExtractorTarget target = new ExtractorTarget();

    @Option(
            names = {"-m", "--model", "--base"},
            paramLabel = "GGUF",
            description = "Base model. Default: the embedded nano base.")
    private @Nullable Path model;

    @Override
    public Integer call() {
        Path folder = target.folder();
        Path base =
                Optional.ofNullable(model).orElseGet(() -> NanoSet.embedded().base());
        BaseStates.write(base, folder, target.replace());
        output.line("written   %s: states of %s", folder, base);
        output.result(Map.of("written", folder.toString(), "base", base.toString()));
        return 0;
    }
}
