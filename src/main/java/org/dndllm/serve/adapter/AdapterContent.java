package org.dndllm.serve.adapter;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.AdapterSummary;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.BaseTensors;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;

/**
 * An adapter's weights on their way into the model.
 *
 * @param gguf the whole GGUF file; lives as long as the arena that it was made in
 * @param weights the same as matrices, where one rank and the usual modules allow it
 * @param rank the highest one
 */
record AdapterContent(MemorySegment gguf, Optional<LoraWeights> weights, int rank) {

    /** Weights in memory as they are. */
    static AdapterContent of(MemorySegment gguf, LoraWeights weights) {
        return new AdapterContent(gguf, Optional.of(weights), weights.rank());
    }

    /**
     * Reads a PEFT folder or a GGUF file.
     *
     * @param arena owns the memory
     * @throws InvalidInputException if it is no adapter for this base model, or larger than {@code mostBytes}
     */
    static AdapterContent read(Path path, BaseShape shape, long mostBytes, Arena arena) {
        if (Files.isDirectory(path)) {
            requireSize(path.resolve(PeftAdapter.WEIGHTS_FILE), mostBytes);
            LoraWeights weights = PeftAdapter.read(path, shape);
            return of(GgufAdapter.toMemory(weights, GgufAdapter.exactType(weights), arena), weights);
        }
        requireSize(path, mostBytes);
        MemorySegment bytes = map(path, arena);
        try (GgufFile file = GgufFile.of(bytes, path.toString())) {
            AdapterSummary summary = GgufAdapter.validate(file, BaseTensors.of(shape));
            boolean plain = !summary.outerWeights() && summary.lowestRank() == summary.highestRank();
            Optional<LoraWeights> weights = plain ? Optional.of(GgufAdapter.read(file, shape)) : Optional.empty();
            return new AdapterContent(bytes, weights, summary.highestRank());
        }
    }

    private static void requireSize(Path file, long most) {
        try {
            if (Files.exists(file) && Files.size(file) > most) {
                throw new InvalidInputException(
                        file.toString(),
                        "size",
                        "is " + Files.size(file) + " bytes, this server takes at most " + most);
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static MemorySegment map(Path file, Arena arena) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static InvalidInputException unreadable(Path file, IOException e) {
        return new InvalidInputException(file.toString(), "file", "cannot be read; check its permissions", e);
    }
}
