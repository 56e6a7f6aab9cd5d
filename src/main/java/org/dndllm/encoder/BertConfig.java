package org.dndllm.encoder;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * Shape of a BERT encoder, spelled in {@code config.json} as Hugging Face does.
 *
 * @param hidden C, {@code hidden_size}
 * @param layers {@code num_hidden_layers}
 * @param heads H, {@code num_attention_heads}; divides C
 * @param intermediate {@code intermediate_size}
 * @param maxPositions {@code max_position_embeddings}: the longest block of tokens
 * @param typeVocabulary {@code type_vocab_size}; only type 0 is ever used
 * @param vocabulary V, {@code vocab_size}
 * @param layerNormEps {@code layer_norm_eps}
 */
public record BertConfig(
        int hidden,
        int layers,
        int heads,
        int intermediate,
        int maxPositions,
        int typeVocabulary,
        int vocabulary,
        double layerNormEps) {
    private static final int MAX_DIMENSION = 1 << 24;

    public BertConfig {
        if (hidden % heads != 0) {
            throw new IllegalArgumentException("hidden " + hidden + " is not a multiple of heads " + heads);
        }
    }

    /** D: channels of one head. */
    public int headWidth() {
        return hidden / heads;
    }

    /**
     * Reads {@code config.json}.
     *
     * @throws InvalidInputException naming the field that is missing, out of range or asks for something that this encoder
     *     does not compute (another activation, relative positions, a decoder)
     */
    public static BertConfig read(Path configJson) {
        String source = configJson.toString();
        JsonValue.Obj config = TokenizerDefinition.readJson(configJson);
        requireText(config, source, "model_type", "bert");
        requireText(config, source, "hidden_act", "gelu");
        requireText(config, source, "position_embedding_type", "absolute");
        for (String flag : new String[] {"is_decoder", "add_cross_attention"}) {
            if (config.has(flag) && config.bool(flag)) {
                throw new InvalidInputException(source, flag, "is true; expected an encoder, false.");
            }
        }
        int hidden = dimension(config, source, "hidden_size");
        int heads = dimension(config, source, "num_attention_heads");
        if (hidden % heads != 0) {
            throw new InvalidInputException(
                    source,
                    "num_attention_heads",
                    "is " + heads + ", which does not divide hidden_size " + hidden + ".");
        }
        double eps = config.number("layer_norm_eps");
        if (!(eps > 0 && eps < 0.1)) {
            throw new InvalidInputException(source, "layer_norm_eps", "is " + eps + "; expected something like 1e-12.");
        }
        return new BertConfig(
                hidden,
                dimension(config, source, "num_hidden_layers"),
                heads,
                dimension(config, source, "intermediate_size"),
                dimension(config, source, "max_position_embeddings"),
                dimension(config, source, "type_vocab_size"),
                dimension(config, source, "vocab_size"),
                eps);
    }

    static int dimension(JsonValue.Obj config, String source, String field) {
        long value = config.integer(field);
        if (value < 1 || value > MAX_DIMENSION) {
            throw new InvalidInputException(
                    source, field, "is " + value + "; expected a number from 1 to " + MAX_DIMENSION + ".");
        }
        return (int) value;
    }

    /** Absent means the default of Hugging Face's class, which is the value we want. */
    private static void requireText(JsonValue.Obj config, String source, String field, String expected) {
        if (config.has(field) && !config.string(field).equals(expected)) {
            throw new InvalidInputException(
                    source,
                    field,
                    "is '" + config.string(field) + "'; this encoder computes '" + expected
                            + "' only. Use a BERT sentence encoder such as all-MiniLM-L6-v2, or its model.onnx.");
        }
    }

    /** The fields of {@code config.json}, in Hugging Face's spelling. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model_type", "bert");
        json.put("hidden_act", "gelu");
        json.put("position_embedding_type", "absolute");
        json.put("hidden_size", hidden);
        json.put("num_hidden_layers", layers);
        json.put("num_attention_heads", heads);
        json.put("intermediate_size", intermediate);
        json.put("max_position_embeddings", maxPositions);
        json.put("type_vocab_size", typeVocabulary);
        json.put("vocab_size", vocabulary);
        json.put("layer_norm_eps", layerNormEps);
        return json;
    }

    /** Names and shapes of all weights as Hugging Face stores them, without prefix, in the order of the forward pass. */
    public Map<String, List<Long>> tensorShapes() {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        shapes.put("embeddings.word_embeddings.weight", List.of((long) vocabulary, (long) hidden));
        shapes.put("embeddings.position_embeddings.weight", List.of((long) maxPositions, (long) hidden));
        shapes.put("embeddings.token_type_embeddings.weight", List.of((long) typeVocabulary, (long) hidden));
        norm(shapes, "embeddings.LayerNorm", hidden);
        for (int layer = 0; layer < layers; layer++) {
            String at = "encoder.layer." + layer + ".";
            dense(shapes, at + "attention.self.query", hidden, hidden);
            dense(shapes, at + "attention.self.key", hidden, hidden);
            dense(shapes, at + "attention.self.value", hidden, hidden);
            dense(shapes, at + "attention.output.dense", hidden, hidden);
            norm(shapes, at + "attention.output.LayerNorm", hidden);
            dense(shapes, at + "intermediate.dense", intermediate, hidden);
            dense(shapes, at + "output.dense", hidden, intermediate);
            norm(shapes, at + "output.LayerNorm", hidden);
        }
        return shapes;
    }

    private static void dense(Map<String, List<Long>> shapes, String name, int out, int in) {
        shapes.put(name + ".weight", List.of((long) out, (long) in));
        shapes.put(name + ".bias", List.of((long) out));
    }

    private static void norm(Map<String, List<Long>> shapes, String name, int width) {
        shapes.put(name + ".weight", List.of((long) width));
        shapes.put(name + ".bias", List.of((long) width));
    }
}
