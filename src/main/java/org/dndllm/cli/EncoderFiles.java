package org.dndllm.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.encoder.BertGraph;
import org.dndllm.format.Sha256;

/** The files of a sentence encoder, on their way into a generator bundle. */
final class EncoderFiles {
    private static final String GRAPH = "encoder.onnx";
    private static final String WEIGHTS = "model.safetensors";
    private static final List<String> COMPANIONS =
            List.of("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt");
    private static final List<String> GRAPHS = List.of(GRAPH, GRAPH + ".data");

    private EncoderFiles() {}

    /** Copies graph, settings and vocabulary; a folder with weights alone gets its graph. */
    static void copy(Path encoder, Path bundle) throws IOException {
        for (String file : COMPANIONS) {
            copyIfThere(encoder, bundle, file);
        }
        if (Files.isRegularFile(encoder.resolve(GRAPH))) {
            for (String file : GRAPHS) {
                copyIfThere(encoder, bundle, file);
            }
        } else {
            BertGraph.export(encoder, bundle.resolve(GRAPH));
        }
    }

    private static void copyIfThere(Path encoder, Path bundle, String file) throws IOException {
        if (Files.isRegularFile(encoder.resolve(file))) {
            Files.copy(encoder.resolve(file), bundle.resolve(file));
        }
    }

    /** Hash of the file with the encoder's weights. */
    static String sha256(Path encoder) {
        for (String file : List.of(GRAPH + ".data", GRAPH, WEIGHTS)) {
            if (Files.isRegularFile(encoder.resolve(file))) {
                return Sha256.of(encoder.resolve(file));
            }
        }
        return "unknown"; // opened from a foreign graph, such as model.onnx
    }
}
