package org.dndllm.encoder;

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
    float[] floats(String name, List<Long> expected) {
        TensorView tensor = lookup.apply(name)
                .orElseThrow(() -> new InvalidInputException(
                        source,
                        name,
                        "is missing; config.json says the model has it. The file does not belong to it."));
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
        config.tensorShapes().forEach(this::floats);
    }

    /** [out, in] as stored to [in, out] as a row vector from the left wants it. */
    float[] transposed(String name, int out, int in) {
        float[] stored = floats(name, List.of((long) out, (long) in));
        float[] turned = new float[stored.length];
        for (int o = 0; o < out; o++) {
            for (int i = 0; i < in; i++) {
                turned[i * out + o] = stored[o * in + i];
            }
        }
        return turned;
    }
}
