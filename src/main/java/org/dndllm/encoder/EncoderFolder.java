package org.dndllm.encoder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/** Where things lie in an encoder folder: our bundle, a sentence-transformers download, or a plain Hugging Face model. */
final class EncoderFolder {
    private static final List<String> GRAPHS = List.of("encoder.onnx", "model.onnx", "onnx/model.onnx");

    private EncoderFolder() {}

    /** The ready ONNX graph, when the folder has one. */
    static Optional<Path> graph(Path folder) {
        return GRAPHS.stream().map(folder::resolve).filter(Files::isRegularFile).findFirst();
    }

    /** Throws unless the path is a folder. */
    static void require(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(
                    folder.toString(),
                    "folder",
                    "is not a folder; expected one with config.json, tokenizer.json or vocab.txt, and encoder.onnx,"
                            + " model.onnx or model.safetensors.");
        }
    }

    /** {@code 1_Pooling/config.json}; mean where there is none, as sentence-transformers assumes. */
    static Pooling pooling(Path folder) {
        Path file = folder.resolve("1_Pooling/config.json");
        if (!Files.isRegularFile(file)) {
            return Pooling.MEAN;
        }
        String source = file.toString();
        JsonValue.Obj config = TokenizerDefinition.readJson(file);
        if (config.has("pooling_mode")) { // sentence-transformers 5 and later
            return named(config.string("pooling_mode"), source);
        }
        boolean mean = flag(config, "pooling_mode_mean_tokens");
        boolean cls = flag(config, "pooling_mode_cls_token");
        for (String other : config.members().keySet()) {
            boolean known = other.equals("pooling_mode_mean_tokens") || other.equals("pooling_mode_cls_token");
            if (other.startsWith("pooling_mode_") && !known && flag(config, other)) {
                throw new InvalidInputException(source, other, "is on; supported are mean_tokens or cls_token alone.");
            }
        }
        if (mean == cls) {
            throw new InvalidInputException(
                    source,
                    "pooling_mode_mean_tokens",
                    "is " + mean + " and pooling_mode_cls_token is " + cls + "; expected exactly one of them to be true.");
        }
        return mean ? Pooling.MEAN : Pooling.CLS;
    }

    private static Pooling named(String mode, String source) {
        return switch (mode) {
            case "mean" -> Pooling.MEAN;
            case "cls" -> Pooling.CLS;
            default -> throw new InvalidInputException(
                    source, "pooling_mode", "is '" + mode + "'; supported are 'mean' and 'cls'.");
        };
    }

    private static boolean flag(JsonValue.Obj config, String key) {
        return config.has(key) && config.bool(key);
    }
}
