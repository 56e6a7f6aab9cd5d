package org.dndllm.lora;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/** {@link BaseShape} as JSON members, for {@code bundle.json}. */
final class BaseShapeJson {
    private BaseShapeJson() {}

    static Map<String, Object> write(BaseShape shape) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("architecture", shape.architecture());
        json.put("layers", shape.layers());
        json.put("hidden", shape.hidden());
        json.put("heads", shape.heads());
        json.put("kv_heads", shape.kvHeads());
        json.put("head_dim", shape.headDim());
        json.put("intermediate", shape.intermediate());
        json.put("vocab", shape.vocab());
        json.put("tied_embeddings", shape.tiedEmbeddings());
        return json;
    }

    static BaseShape read(JsonValue.Obj json) {
        return placed(
                json,
                () -> new BaseShape(
                        json.string("architecture"),
                        json.int32("layers"),
                        json.int32("hidden"),
                        json.int32("heads"),
                        json.int32("kv_heads"),
                        json.int32("head_dim"),
                        json.int32("intermediate"),
                        json.int32("vocab"),
                        json.bool("tied_embeddings")));
    }

    /** Makes a value of an object's members; what the value's own check refuses is put at its member of the file. */
    static <T> T placed(JsonValue.Obj json, Supplier<T> make) {
        try {
            return make.get();
        } catch (InvalidInputException e) {
            if (e.source().equals(json.source())) {
                throw e;
            }
            String member = e.field().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT); // kvHeads is kv_heads here
            throw new InvalidInputException(json.source(), json.pathOf(member), e.getMessage(), e);
        }
    }
}
