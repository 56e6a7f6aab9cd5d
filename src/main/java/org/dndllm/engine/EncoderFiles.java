package org.dndllm.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.dndllm.encoder.BertGraph;
import org.dndllm.format.Sha256;
import org.dndllm.format.TensorView;

/** The files of a sentence encoder, on their way into a generator bundle. */
public final class EncoderFiles {
    private static final String GRAPH = "encoder.onnx";
    private static final String WEIGHTS = "model.safetensors";
    private static final List<String> COMPANIONS =
            List.of("config.json", "tokenizer.json", "tokenizer_config.json", "vocab.txt");
    private static final List<String> GRAPHS = List.of(GRAPH, GRAPH + ".data");

    private EncoderFiles() {}

    /** Copies graph, settings and vocabulary; a folder with weights alone gets its graph. */
    public static void copy(Path encoder, Path bundle) throws IOException {
        copyCompanions(encoder, bundle);
        if (Files.isRegularFile(encoder.resolve(GRAPH))) {
            for (String file : GRAPHS) {
                copyIfThere(encoder, bundle, file);
            }
        } else {
            BertGraph.export(encoder, bundle.resolve(GRAPH));
        }
    }

    /**
     * Copies settings and vocabulary, and makes the graph of weights that lie elsewhere.
     *
     * @param weights by their Hugging Face names without prefix
     * @param source the file that they come from, for errors
     */
    static void copy(Path encoder, Map<String, TensorView> weights, String source, Path bundle) throws IOException {
        copyCompanions(encoder, bundle);
        BertGraph.export(encoder, weights, source, bundle.resolve(GRAPH));
    }

    private static void copyCompanions(Path encoder, Path bundle) throws IOException {
        for (String file : COMPANIONS) {
            copyIfThere(encoder, bundle, file);
        }
    }

    private static void copyIfThere(Path encoder, Path bundle, String file) throws IOException {
        if (Files.isRegularFile(encoder.resolve(file))) {
            Files.copy(encoder.resolve(file), bundle.resolve(file));
        }
    }

    /** Hash of the file with the encoder's weights. */
    public static String sha256(Path encoder) {
        for (String file : List.of(GRAPH + ".data", GRAPH, WEIGHTS)) {
            if (Files.isRegularFile(encoder.resolve(file))) {
                return Sha256.of(encoder.resolve(file));
            }
        }
        return "unknown"; // opened from a foreign graph, such as model.onnx
    }
}
