package org.dndllm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.nano.NanoWorld;
import org.dndllm.train.encoder.SpecialIds;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The text from which the nano set's sentence encoder learned, and its vocabulary, for encoders that learn from the same. */
final class NanoText {
    @Option(
            names = "--encoder",
            paramLabel = "DIR",
            description = "Encoder folder whose vocab.txt is used. Default: that of the embedded nano bundle.")
    private @Nullable Path encoder;

    private final NanoWorld world = NanoWorld.of(NanoRecipe.standard().world());

    Path folder() {
        return Optional.ofNullable(encoder).orElseGet(() -> NanoSet.embedded().bundle());
    }

    /** Tokens in id order. */
    List<String> vocabulary() {
        Path file = folder().resolve("vocab.txt");
        try {
            List<String> tokens =
                    Files.readString(file, StandardCharsets.UTF_8).lines().toList();
            if (!tokens.contains("[PAD]") || !tokens.contains("[MASK]")) {
                throw new InvalidInputException(
                        file.toString(), "tokens", "lack [PAD] or [MASK]; name the folder of a BERT encoder");
            }
            return tokens;
        } catch (IOException e) {
            throw new InvalidInputException(
                    file.toString(), "file", "cannot be read (" + e + "); name the folder of a BERT encoder", e);
        }
    }

    SpecialIds special() {
        return SpecialIds.of(vocabulary());
    }

    NanoWorld world() {
        return world;
    }
}
