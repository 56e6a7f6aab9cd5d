package org.dndllm.lora;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.JsonValue;

/** Reads {@link BaseShape} from a base model's own files; errors name the file and its field. */
final class BaseShapeReader {
    private static final List<String> TEXT_TYPES = List.of("qwen2");
    private static final List<String> VL_TYPES = List.of("qwen2_5_vl", "qwen2_vl", "qwen2_5_vl_text", "qwen2_vl_text");
    private static final int MAX_CONFIG_BYTES = 1 << 20;

    private BaseShapeReader() {}

    static BaseShape fromGguf(GgufFile model) {
        String source = model.source();
        String architecture = model.string("general.architecture");
        requireSupported(source, architecture);
        String prefix = architecture + ".";
        int hidden = measure(model, prefix + "embedding_length", BaseShape.MOST_FEATURES);
        int heads = measure(model, prefix + "attention.head_count", BaseShape.MOST_FEATURES);
        String kvKey = prefix + "attention.head_count_kv";
        int kvHeads = model.find(kvKey).isPresent() ? measure(model, kvKey, heads) : heads;
        requireDivisor(source, kvKey, kvHeads, "attention heads", heads);
        return new BaseShape(
                architecture,
                measure(model, prefix + "block_count", BaseShape.MOST_LAYERS),
                hidden,
                heads,
                kvHeads,
                headDim(model, prefix, hidden, heads),
                measure(model, prefix + "feed_forward_length", BaseShape.MOST_FEATURES),
                vocab(model, hidden),
                model.tensor("output.weight").isEmpty());
    }

    private static void requireSupported(String source, String architecture) {
        if (!architecture.equals(BaseShape.QWEN2) && !architecture.equals(BaseShape.QWEN2_VL)) {
            throw new InvalidInputException(
                    source,
                    "general.architecture",
                    "is '" + architecture + "'; expected qwen2 or qwen2vl: choose a Qwen2 or Qwen2.5 model");
        }
    }

    private static int headDim(GgufFile model, String prefix, int hidden, int heads) {
        String key = prefix + "attention.key_length";
        if (model.find(key).isPresent()) {
            int keyLength = measure(model, key, BaseShape.MOST_FEATURES / heads);
            String valueKey = prefix + "attention.value_length";
            if (model.find(valueKey).isPresent() && model.integer(valueKey) != keyLength) {
                throw new InvalidInputException(
                        model.source(), valueKey, "differs from " + key + " (" + keyLength + "); expected equal lengths");
            }
            return keyLength;
        }
        requireDivisor(model.source(), prefix + "attention.head_count", heads, "hidden size", hidden);
        return hidden / heads;
    }

    private static int vocab(GgufFile model, int hidden) {
        GgufTensor embedding = model.tensor("token_embd.weight")
                .orElseThrow(() -> new InvalidInputException(
                        model.source(), "token_embd.weight", "is missing; choose a complete base model"));
        List<Long> dims = embedding.dims();
        if (dims.size() != 2 || dims.get(0) != hidden) {
            throw new InvalidInputException(
                    model.source(), "token_embd.weight", "has shape " + dims + "; expected [" + hidden + ", vocabulary]");
        }
        return narrow(model.source(), "token_embd.weight", dims.get(1), BaseShape.MOST_TOKENS);
    }

    private static int measure(GgufFile model, String key, int most) {
        return narrow(model.source(), key, model.integer(key), most);
    }

    static BaseShape fromConfigJson(Path file) {
        String source = file.toString();
        JsonValue.Obj root = JsonValue.parse(read(file), source).asObject(source);
        String type = root.string("model_type");
        if (!TEXT_TYPES.contains(type) && !VL_TYPES.contains(type)) {
            throw new InvalidInputException(
                    source, "model_type", "is '" + type + "'; expected qwen2 or qwen2_5_vl: choose a Qwen2 or Qwen2.5 model");
        }
        JsonValue.Obj text = root.has("text_config") ? root.object("text_config") : root;
        int hidden = measure(text, "hidden_size", BaseShape.MOST_FEATURES);
        int heads = measure(text, "num_attention_heads", BaseShape.MOST_FEATURES);
        String kvKey = "num_key_value_heads";
        int kvHeads = text.has(kvKey) ? measure(text, kvKey, heads) : heads;
        requireDivisor(source, text.pathOf(kvKey), kvHeads, "attention heads", heads);
        return new BaseShape(
                TEXT_TYPES.contains(type) ? BaseShape.QWEN2 : BaseShape.QWEN2_VL,
                measure(text, "num_hidden_layers", BaseShape.MOST_LAYERS),
                hidden,
                heads,
                kvHeads,
                headDim(text, hidden, heads),
                measure(text, "intermediate_size", BaseShape.MOST_FEATURES),
                measure(text, "vocab_size", BaseShape.MOST_TOKENS),
                tied(root, text));
    }

    private static int headDim(JsonValue.Obj text, int hidden, int heads) {
        if (text.has("head_dim")) {
            return measure(text, "head_dim", BaseShape.MOST_FEATURES / heads);
        }
        requireDivisor(text.source(), text.pathOf("num_attention_heads"), heads, "hidden size", hidden);
        return hidden / heads;
    }

    /** Newer configs of the VL models state the tie in either place; transformers' default is an untied output. */
    private static boolean tied(JsonValue.Obj root, JsonValue.Obj text) {
        String key = "tie_word_embeddings";
        return text.has(key) ? text.bool(key) : root.has(key) && root.bool(key);
    }

    private static byte[] read(Path file) {
        try {
            if (Files.size(file) > MAX_CONFIG_BYTES) {
                throw new InvalidInputException(
                        file.toString(), "file", "is larger than 1 MiB; expected the config.json of a model");
            }
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            throw new InvalidInputException(file.toString(), "file", "does not exist; check the path", e);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read: " + e.getMessage(), e);
        }
    }

    private static int measure(JsonValue.Obj object, String key, int most) {
        return narrow(object.source(), object.pathOf(key), object.integer(key), most);
    }

    private static int narrow(String source, String field, long value, int most) {
        if (value < 1 || value > most) {
            throw new InvalidInputException(source, field, "is " + value + "; expected 1 to " + most);
        }
        return (int) value;
    }

    private static void requireDivisor(String source, String field, int divisor, String what, int whole) {
        if (whole % divisor != 0) {
            throw new InvalidInputException(
                    source, field, "is " + divisor + ", which does not divide the " + what + " " + whole);
        }
    }
}
