package org.dndllm.encoder;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * A tokenizer as the native library takes it: the text of a {@code tokenizer.json}, checked before native code sees it.
 *
 * @param source the file it came from
 * @param json the definition
 * @param vocabularySize greatest id + 1
 * @param padId id of the token that fills positions without one: [PAD], or what {@code padding} says of a BPE
 */
record TokenizerDefinition(String source, String json, int vocabularySize, int padId) {
    /** Far above any BERT vocabulary (the largest published one takes 4 MB). */
    private static final long MAX_BYTES = 64L << 20;

    static TokenizerDefinition read(Path file) {
        if (file.getFileName().toString().endsWith(".json")) {
            return ofJson(readText(file), file.toString());
        }
        return VocabularyFile.read(file).definition();
    }

    /** Checks what the native library would take without a word and then tokenise wrongly. */
    static TokenizerDefinition ofJson(String json, String source) {
        JsonValue.Obj root = JsonValue.parse(json, source).asObject(source);
        JsonValue.Obj model = root.object("model");
        boolean words = isWordPiece(model.string("type"), source);
        JsonValue.Obj vocabulary = model.object("vocab");
        int size = vocabularySize(vocabulary, source);
        if (words) {
            require(vocabulary, model.string("unk_token"), source);
        }
        // Byte pairs spell any text; which token fills up is the model's choice.
        String padding = words ? "[PAD]" : root.object("padding").string("pad_token");
        require(vocabulary, padding, source);
        if (!root.has("post_processor")) {
            throw new InvalidInputException(
                    source,
                    "post_processor",
                    "is missing; without it [CLS] and [SEP] are not added. Use vocab.txt instead.");
        }
        return new TokenizerDefinition(source, json, size, (int) vocabulary.integer(padding));
    }

    private static boolean isWordPiece(String type, String source) {
        return switch (type) {
            case "WordPiece" -> true;
            case "BPE" -> false;
            default ->
                throw new InvalidInputException(
                        source,
                        "model.type",
                        "is '" + type + "'; a BERT encoder needs a WordPiece tokenizer, a language model BPE.");
        };
    }

    private static int vocabularySize(JsonValue.Obj vocabulary, String source) {
        Set<Long> ids = new HashSet<>();
        long greatest = -1;
        for (String token : vocabulary.members().keySet()) {
            long id = vocabulary.integer(token);
            if (id < 0 || id > Integer.MAX_VALUE - 1 || !ids.add(id)) {
                throw new InvalidInputException(
                        source, "model.vocab." + token, "has id " + id + "; ids are distinct and not negative.");
            }
            greatest = Math.max(greatest, id);
        }
        return (int) greatest + 1;
    }

    private static void require(JsonValue.Obj vocabulary, String token, String source) {
        if (!vocabulary.has(token)) {
            throw new InvalidInputException(
                    source, "model.vocab", "lacks the token " + token + ", which every text may need.");
        }
    }

    /** A JSON file whose root is an object. */
    static JsonValue.Obj readJson(Path file) {
        return JsonValue.parse(readText(file), file.toString()).asObject(file.toString());
    }

    /** A small UTF-8 text file, whole. */
    static String readText(Path file) {
        try {
            long bytes = Files.size(file);
            if (bytes > MAX_BYTES) {
                throw new InvalidInputException(
                        file.toString(), "size", "is " + bytes + " bytes; at most " + MAX_BYTES + " are read.");
            }
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(file.toString(), "encoding", "is not UTF-8; save it as UTF-8.", e);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e + "); check the path.", e);
        }
    }
}
