package org.dndllm.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.AdapterFolder;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.MixedLora;
import org.dndllm.lora.PeftAdapter;

/**
 * An adapter on disk, whichever of the two forms it has.
 *
 * @param path PEFT folder or GGUF file
 * @param content what a reader of it gets
 * @param types in which the values are stored, none twice
 * @param bytes of the GGUF file, or of the folder's two PEFT files
 */
record AdapterFile(Path path, MixedLora content, List<String> types, long bytes) {
    /** How a file of either form is read. */
    private record Reader(
            BiFunction<Path, BaseShape, MixedLora> peft, BiFunction<GgufFile, BaseShape, MixedLora> gguf) {}

    private static final Reader UNIFORM = new Reader(
            (folder, shape) -> MixedLora.of(PeftAdapter.read(folder, shape)),
            (file, shape) -> MixedLora.of(GgufAdapter.read(file, shape)));
    private static final Reader MIXED = new Reader(PeftAdapter::readMixed, GgufAdapter::readMixed);

    /** Reads an adapter for that base: a PEFT folder where the path is a folder, a GGUF file otherwise. */
    static AdapterFile read(Path path, BaseShape shape) {
        return read(path, shape, UNIFORM);
    }

    /** As {@link #read(Path, BaseShape)}, also where modules differ in rank or alpha. */
    static AdapterFile readMixed(Path path, BaseShape shape) {
        return read(path, shape, MIXED);
    }

    private static AdapterFile read(Path path, BaseShape shape, Reader reader) {
        if (Files.isDirectory(path)) {
            return peft(path, reader.peft().apply(path, shape));
        }
        if (!Files.isRegularFile(path)) {
            throw new InvalidInputException(
                    path.toString(), "file", "does not exist; name a PEFT folder or an adapter .gguf");
        }
        try (GgufFile file = GgufFile.open(path)) {
            return gguf(path, file, reader.gguf().apply(file, shape), size(path));
        }
    }

    /** The adapter of a file whose modules have one rank and alpha: of all but those of {@link #readMixed}. */
    LoraWeights weights() {
        return content.uniform().orElseThrow(() -> new IllegalStateException(path + " is mixed"));
    }

    /** Whether a target of that name becomes a GGUF file; all others become PEFT folders. */
    static boolean isGguf(Path target) {
        return target.toString().endsWith(".gguf");
    }

    /** Writes an adapter in the form that the target's name asks for, whole or not at all. */
    static AdapterFile write(Path target, LoraWeights weights, GgmlType type, boolean replace) {
        if (isGguf(target)) {
            return writeGguf(target, weights, type);
        }
        DType dtype = switch (type) {
            case F16 -> DType.F16;
            case BF16 -> DType.BF16;
            case F32 -> DType.F32;
            default -> throw Flags.wrong("--type", "is " + type + ", which only .gguf targets hold");
        };
        return writePeft(target, weights.withDtype(dtype), replace);
    }

    /** Writes a GGUF adapter, after reading it in memory as any reader would: what readers refuse never gets a name. */
    static AdapterFile writeGguf(Path target, LoraWeights weights, GgmlType type) {
        AdapterFile written;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = GgufAdapter.toMemory(weights, type, arena);
            GgufFile file = GgufFile.of(bytes, target.toString());
            MixedLora read = MixedLora.of(GgufAdapter.read(file, weights.shape()));
            written = gguf(target, file, read, bytes.byteSize());
        }
        GgufAdapter.write(target, weights, type);
        return written;
    }

    /** Writes a PEFT folder. */
    static AdapterFile writePeft(Path target, LoraWeights weights, boolean replace) {
        AdapterFolder.requireReplaceable(target);
        AtomicFile.writeFolder(target, inside -> PeftAdapter.fill(inside, weights, Map.of()), replace);
        return peft(target, MixedLora.of(weights));
    }

    /**
     * Refuses a target that must not be written: one that exists without leave to replace it, and in any case one that is
     * a source or a folder around it, which would be gone afterwards.
     */
    static void requireFree(Path target, List<Path> sources, boolean replace) {
        for (Path source : sources) {
            if (Files.exists(source) && Files.exists(target) && real(source).startsWith(real(target))) {
                throw new InvalidInputException(
                        target.toString(), "TARGET", "would replace its own source " + source + "; name another place");
            }
        }
        if (Files.exists(target) && !replace) {
            throw new InvalidInputException(
                    target.toString(), "TARGET", "exists already; choose another name or give --replace");
        }
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw new InvalidInputException(path.toString(), "file", "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private static AdapterFile peft(Path folder, MixedLora content) {
        long bytes = size(folder.resolve(PeftAdapter.WEIGHTS_FILE)) + size(folder.resolve(PeftAdapter.CONFIG_FILE));
        return new AdapterFile(
                folder, content, List.of(content.groups().getFirst().dtype().name()), bytes);
    }

    private static AdapterFile gguf(Path path, GgufFile file, MixedLora content, long bytes) {
        List<String> types = file.tensors().stream()
                .map(GgufTensor::type)
                .distinct()
                .sorted()
                .map(GgmlType::name)
                .toList();
        return new AdapterFile(path, content, types, bytes);
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e.getMessage() + ")", e);
        }
    }
}
