package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd convert}: PEFT folder to GGUF and back. */
@Command(
        name = "convert",
        mixinStandardHelpOptions = true,
        header = "Convert a LoRA adapter: PEFT folder to GGUF, or GGUF to PEFT folder.",
        description = {
            "The direction follows from the source. F32, F16 and BF16 values survive both ways bit for bit; --type"
                    + " converts on the way to GGUF (q8_0 keeps rows that are no multiple of 32 in f16).",
        },
        footer = {
            "",
            "Examples:",
            "  dnd convert my-peft-folder adapter.gguf --base qwen2.5-0.5b",
            "  dnd convert adapter.gguf my-peft-folder --base base-model.gguf",
            "  dnd convert my-peft-folder adapter.gguf --base model/config.json --type q8_0",
        })
final class ConvertCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(index = "0", paramLabel = "SOURCE", description = "PEFT folder or adapter .gguf.")
    private Path source = Path.of("");

    @Parameters(index = "1", paramLabel = "TARGET", description = ".gguf file or new PEFT folder.")
    private Path target = Path.of("");

    @Option(names = "--base", required = true, paramLabel = "BASE", description = BaseOption.HELP)
    private String base = "";

    @Option(names = "--type", paramLabel = "TYPE", description = "f32, f16, bf16, q8_0 (GGUF). Default: as stored.")
    private @Nullable String type;

    @Option(names = "--replace", description = "Replace the target if it exists.")
    private boolean replace;

    @Override
    public Integer call() {
        Optional<GgmlType> wanted = Optional.ofNullable(type).map(name -> Flags.adapterType("--type", name));
        if (wanted.isPresent() && Files.isRegularFile(source)) {
            throw Flags.wrong(
                    "--type", "is for GGUF targets, made from a PEFT folder; a PEFT folder keeps the stored type");
        }
        AdapterFile.requireFree(target, List.of(source), replace);
        LoraWeights weights = AdapterFile.read(source, BaseOption.shape(base)).weights();
        if (Files.isDirectory(source)) {
            AdapterFile.writeGguf(target, weights, wanted.orElseGet(() -> GgufAdapter.exactType(weights)));
        } else {
            AdapterFile.writePeft(target, weights, replace);
        }
        output.line(
                "%s -> %s: rank %d, alpha %s, %s, %,d parameters",
                source, target, weights.rank(), weights.alpha(), weights.dtype(), weights.parameters());
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("source", source.toString());
        json.put("target", target.toString());
        json.put("rank", weights.rank());
        json.put("alpha", weights.alpha());
        json.put("dtype", weights.dtype().name());
        json.put("parameters", weights.parameters());
        output.result(json);
        return 0;
    }
}
