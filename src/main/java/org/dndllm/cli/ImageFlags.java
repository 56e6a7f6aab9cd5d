package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.benchmark.BenchmarkSet;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.VisionOptions;
import org.dndllm.llama.VisionProjector;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How questions on pictures are read; spelled as llama.cpp spells it. */
final class ImageFlags {
    @Option(
            names = "--mmproj",
            paramLabel = "GGUF",
            description = "Image encoder of a Qwen2.5-VL model, for files whose questions have pictures. Needs libmtmd"
                    + " (native/build --with-mtmd).")
    private @Nullable Path mmproj;

    @Option(
            names = "--image-max-tokens",
            paramLabel = "N",
            defaultValue = "1024",
            description = "Tokens that a picture becomes at most, 256 to 4096; larger ones are scaled down."
                    + " Default: ${DEFAULT-VALUE}.")
    private int tokens = VisionOptions.DEFAULT_TOKENS;

    Optional<Path> mmproj() {
        return Optional.ofNullable(mmproj);
    }

    /** Refuses pictures without an encoder, and an encoder without pictures. */
    void require(List<BenchmarkSet> sets) {
        options(0);
        for (BenchmarkSet set : sets) {
            if (set.hasImages() && mmproj == null) {
                throw new InvalidInputException(
                        set.source(),
                        "image",
                        "its questions have pictures; name the image encoder of the model with --mmproj");
            }
        }
        if (mmproj != null && sets.stream().noneMatch(BenchmarkSet::hasImages)) {
            throw Flags.wrong("--mmproj", "was given, but no question has a picture; leave it out");
        }
    }

    /** The encoder, where one was named. The caller closes it, or the model does. */
    Optional<VisionProjector> open(LlamaModel model, int threads) {
        return mmproj().map(file -> model.openVision(file, options(threads)));
    }

    private VisionOptions options(int threads) {
        return new VisionOptions(threads, tokens);
    }
}
