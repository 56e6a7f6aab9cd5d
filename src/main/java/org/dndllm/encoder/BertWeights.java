package org.dndllm.encoder;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.TensorView;

/**
 * The tensors of a BERT encoder by their Hugging Face names without prefix, each checked against the configuration.
 * Dense weights are [out, in] as PyTorch stores them.
 */
final class BertWeights {
    /** As BertModel saves itself, as a BERT with a head does, as sentence-transformers wraps it. */
    private static final List<String> PREFIXES = List.of("", "bert.", "0.auto_model.");

    private final String source;
    private final Function<String, Optional<TensorView>> lookup;

    private BertWeights(String source, Function<String, Optional<TensorView>> lookup) {
        this.source = source;
        this.lookup = lookup;
    }

    /** Names are looked up behind whichever prefix the file uses. The file stays open and the caller's. */
    static BertWeights of(SafetensorsFile file) {
        for (String prefix : PREFIXES) {
            if (file.has(prefix + "embeddings.word_embeddings.weight")) {
                return new BertWeights(
                        file.source(),
                        name -> file.has(prefix + name) ? Optional.of(file.tensor(prefix + name)) : Optional.empty());
            }
        }
        throw new InvalidInputException(
                file.source(),
                "embeddings.word_embeddings.weight",
                "is missing (also behind the prefixes 'bert.' and '0.auto_model.'); expected the weights of a BERT encoder.");
    }

    /** Tensors made in memory, named without prefix. */
    static BertWeights of(Map<String, TensorView> tensors, String source) {
        return new BertWeights(source, name -> Optional.ofNullable(tensors.get(name)));
    }

    /** A tensor as float32, refused unless it is there with exactly this shape and only finite values. */
    float[] floats(String name, int... shape) {
        TensorView tensor = lookup.apply(name)
                .orElseThrow(() -> new InvalidInputException(
                        source, name, "is missing; config.json says the model has it. The file does not belong to it."));
        List<Long> expected = Arrays.stream(shape).mapToObj(Long::valueOf).toList();
        if (!tensor.shape().equals(expected)) {
            throw new InvalidInputException(
                    source, name, "has shape " + tensor.shape() + "; config.json implies " + expected + ".");
        }
        DType dtype = tensor.dtype();
        if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16 && dtype != DType.F64) {
            throw new InvalidInputException(source, name, "is " + dtype + "; expected F32, F16, BF16 or F64.");
        }
        float[] values = tensor.toFloats();
        for (float value : values) {
            if (!Float.isFinite(value)) {
                throw new InvalidInputException(source, name, "holds " + value + "; the download may be damaged.");
            }
        }
        return values;
    }

    /** Reads every tensor once, so that a bad file is refused before anything is written. */
    void check(BertConfig config) {
        shapes(config).forEach(this::floats);
    }

    /** [out, in] as stored to [in, out] as a row vector from the left wants it. */
    float[] transposed(String name, int out, int in) {
        float[] stored = floats(name, out, in);
        float[] turned = new float[stored.length];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in; i++) {
                turned[i * out + o] = stored[o * in + i];
            }
        }
        return turned;
    }

    /** Every name with its shape for a configuration, in the order of the forward pass. */
    static Map<String, int[]> shapes(BertConfig config) {
        int c = config.hidden();
        int f = config.intermediate();
        Map<String, int[]> shapes = new LinkedHashMap<>();
        shapes.put("embeddings.word_embeddings.weight", new int[] {config.vocabulary(), c});
        shapes.put("embeddings.position_embeddings.weight", new int[] {config.maxPositions(), c});
        shapes.put("embeddings.token_type_embeddings.weight", new int[] {config.typeVocabulary(), c});
        norm(shapes, "embeddings.LayerNorm", c);
        for (int layer = 0; layer < config.layers(); layer++) {
            String at = "encoder.layer." + layer + ".";
            dense(shapes, at + "attention.self.query", c, c);
            dense(shapes, at + "attention.self.key", c, c);
            dense(shapes, at + "attention.self.value", c, c);
            dense(shapes, at + "attention.output.dense", c, c);
            norm(shapes, at + "attention.output.LayerNorm", c);
            dense(shapes, at + "intermediate.dense", f, c);
            dense(shapes, at + "output.dense", c, f);
            norm(shapes, at + "output.LayerNorm", c);
        }
        return shapes;
    }

    private static void dense(Map<String, int[]> shapes, String name, int out, int in) {
        shapes.put(name + ".weight", new int[] {out, in});
        shapes.put(name + ".bias", new int[] {out});
    }

    private static void norm(Map<String, int[]> shapes, String name, int width) {
        shapes.put(name + ".weight", new int[] {width});
        shapes.put(name + ".bias", new int[] {width});
    }
}
