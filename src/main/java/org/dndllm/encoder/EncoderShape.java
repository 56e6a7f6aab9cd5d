package org.dndllm.encoder;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * What a graph with token states says of itself in {@code config.json}, whatever computes them.
 *
 * @param width C, {@code hidden_size}
 * @param maxPositions {@code max_position_embeddings}: the longest block of tokens
 * @param vocabulary V, {@code vocab_size}
 */
public record EncoderShape(int width, int maxPositions, int vocabulary) {
    /** {@code model_type} of encoders that look up one vector for each token. */
    public static final String STATIC = "static";
    /** {@code model_type} of language models whose states are read. */
    public static final String CAUSAL = "qwen2";

    private static final List<String> GRAPHS_ONLY = List.of(STATIC, CAUSAL);

    /** Those of a BERT. */
    static EncoderShape of(BertConfig config) {
        return new EncoderShape(config.hidden(), config.maxPositions(), config.vocabulary());
    }

    /**
     * Reads {@code config.json}. A BERT, which may have to be made into a graph first, is checked in full.
     *
     * @throws InvalidInputException naming the field that is missing, out of range or not supported
     */
    public static EncoderShape read(Path configJson) {
        JsonValue.Obj config = TokenizerDefinition.readJson(configJson);
        if (!config.has("model_type") || !GRAPHS_ONLY.contains(config.string("model_type"))) {
            return of(BertConfig.read(configJson));
        }
        String source = configJson.toString();
        return new EncoderShape(
                BertConfig.dimension(config, source, "hidden_size"),
                BertConfig.dimension(config, source, "max_position_embeddings"),
                BertConfig.dimension(config, source, "vocab_size"));
    }

    /**
     * The fields of {@code config.json}.
     *
     * @param type {@link #STATIC} or {@link #CAUSAL}
     */
    public Map<String, Object> toJson(String type) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("model_type", type);
        json.put("hidden_size", width);
        json.put("max_position_embeddings", maxPositions);
        json.put("vocab_size", vocabulary);
        return json;
    }
}
