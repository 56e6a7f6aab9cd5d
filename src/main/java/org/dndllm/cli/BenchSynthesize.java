package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.BaseShape;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd bench synthesize}. */
@Command(
        name = "synthesize",
        mixinStandardHelpOptions = true,
        header = "Write a random-weight base model of a published shape, for speed and memory work only.",
        description = "The file says dnd.synthetic = true in its metadata. Without --vocabulary the tokens are those of"
                + " the nano world, filled up with unused ones.",
        footer = {
            "",
            "Examples:",
            "  dnd bench synthesize qwen2.5-0.5b target/bench/0.5b-q8_0.gguf",
            "  dnd bench synthesize model/config.json small.gguf --type f16 --seed 7"
        })
final class BenchSynthesize implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(index = "0", paramLabel = "SHAPE", description = "qwen2.5-0.5b, -1.5b, -3b, -7b, ... or a config.json.")
    private String shape = "";

    @Parameters(index = "1", paramLabel = "GGUF", description = "File to write.")
    private Path target = Path.of("");

    @Option(
            names = "--vocabulary",
            paramLabel = "DIR",
            description = "Folder with vocab.json and merges.txt of Qwen2.5.")
    private @Nullable Path vocabulary;

    @Option(names = "--type", defaultValue = "q8_0", description = "Type of the matrices. Default: ${DEFAULT-VALUE}.")
    private String type = "q8_0";

    @Option(
            names = {"-s", "--seed"},
            defaultValue = "1",
            description = "Seed of the weights. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Override
    public Integer call() {
        if (Files.exists(target)) {
            throw new InvalidInputException(target.toString(), "GGUF", "exists already; choose another name");
        }
        BaseShape base = BaseOption.shape(shape);
        GgmlType matrixType = Flags.adapterType("--type", type);
        long start = System.nanoTime();
        SyntheticModels.writeBase(target, shape, base, Optional.ofNullable(vocabulary), matrixType, seed);
        double seconds = (System.nanoTime() - start) / 1e9;
        output.line("%s: random weights of shape %s, %s, %.1f s", target, shape, matrixType, seconds);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("written", target.toString());
        json.put("synthetic", true);
        json.put("seconds", seconds);
        output.result(json);
        return 0;
    }
}
