package org.dndllm.serve.http;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** {@code POST /v1/embeddings}: the generator's Sentence-BERT encoder. */
final class EmbeddingEndpoint implements Router.Endpoint {
    private static final int MOST_TEXTS = 256;

    private final Services services;

    EmbeddingEndpoint(Services services) {
        this.services = services;
    }

    @Override
    public void answer(Call call) throws IOException {
        Fields fields = new Fields(call.json());
        String encoder = encoder(fields.text("model"));
        fields.refuse("dimensions", "cannot be chosen; leave it out");
        List<String> texts = fields.texts("input", MOST_TEXTS);
        if (texts.isEmpty() || texts.stream().anyMatch(String::isEmpty)) {
            throw ApiException.field("input", "must be a text or a list of texts, none of them empty");
        }
        String format = fields.text("encoding_format").orElse("float");
        if (!format.equals("float") && !format.equals("base64")) {
            throw ApiException.field("encoding_format", "is '" + format + "', expected float or base64");
        }
        float[][] vectors = services.generators().embed(texts);
        List<Map<String, Object>> data = new ArrayList<>();
        for (int i = 0; i < vectors.length; i++) {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("object", "embedding");
            json.put("index", i);
            json.put("embedding", format.equals("float") ? list(vectors[i]) : base64(vectors[i]));
            data.add(json);
        }
        int tokens = services.generators().countTokens(texts);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("object", "list");
        json.put("data", data);
        json.put("model", encoder);
        json.put("usage", Map.of("prompt_tokens", tokens, "total_tokens", tokens));
        call.send(200, json);
    }

    private String encoder(Optional<String> asked) {
        String encoder = services.generators()
                .encoderName()
                .orElseThrow(() -> new ApiException(
                        404,
                        "model_not_found",
                        "model",
                        "this server was started without a generator, whose encoder it would use; start it with one"));
        if (asked.isPresent() && !asked.get().isEmpty() && !asked.get().equals(encoder)) {
            throw new ApiException(404, "model_not_found", "model", "embeddings are made by " + encoder + " alone");
        }
        return encoder;
    }

    private static List<Float> list(float[] vector) {
        List<Float> list = new ArrayList<>(vector.length);
        for (float value : vector) {
            list.add(value);
        }
        return list;
    }

    /** Little-endian float32, as OpenAI packs them. */
    private static String base64(float[] vector) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * vector.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(vector);
        return Base64.getEncoder().encodeToString(bytes.array());
    }
}
