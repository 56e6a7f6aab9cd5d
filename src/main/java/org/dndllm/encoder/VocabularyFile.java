package org.dndllm.encoder;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.format.JsonWriter;

/**
 * A {@code vocab.txt}: the token of id i in line i. Turned into the {@code tokenizer.json} that Hugging Face's converter
 * for BERT would write, so that both kinds of folder go through one native tokenizer.
 *
 * @param source the file
 * @param ids token to id, in order
 * @param lowerCase whether text is lower-cased (and, unless {@code stripAccents} says otherwise, loses its accents)
 * @param stripAccents explicit choice, empty = as {@code lowerCase}
 * @param splitChinese whether CJK ideographs stand alone
 */
record VocabularyFile(
        String source, Map<String, Integer> ids, boolean lowerCase, Optional<Boolean> stripAccents, boolean splitChinese) {
    private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
    /** A longer word becomes [UNK]: the constant of BERT's own code. */
    private static final int MAX_WORD = 100;

    static VocabularyFile read(Path file) {
        String source = file.toString();
        Map<String, Integer> ids = parse(TokenizerDefinition.readText(file), source);
        Path config = file.resolveSibling("tokenizer_config.json");
        if (!Files.isRegularFile(config)) {
            return new VocabularyFile(source, ids, true, Optional.empty(), true); // BertTokenizer's defaults
        }
        JsonValue.Obj settings = TokenizerDefinition.readJson(config);
        return new VocabularyFile(
                source,
                ids,
                flag(settings, "do_lower_case").orElse(true),
                flag(settings, "strip_accents"),
                flag(settings, "tokenize_chinese_chars").orElse(true));
    }

    private static Map<String, Integer> parse(String text, String source) {
        Map<String, Integer> ids = new LinkedHashMap<>();
        int line = 0;
        for (String token : text.lines().toList()) {
            line++;
            if (token.isEmpty()) {
                throw new InvalidInputException(source, "line " + line, "is empty; every line holds one token.");
            }
            Integer earlier = ids.putIfAbsent(token, line - 1);
            if (earlier != null) {
                throw new InvalidInputException(
                        source, "line " + line, "repeats the token '" + token + "' of line " + (earlier + 1) + ".");
            }
        }
        for (String token : SPECIAL.subList(0, 4)) {
            if (!ids.containsKey(token)) {
                throw new InvalidInputException(
                        source, token, "is missing; a BERT vocabulary holds [PAD], [UNK], [CLS] and [SEP].");
            }
        }
        return ids;
    }

    private static Optional<Boolean> flag(JsonValue.Obj settings, String key) {
        return settings.has(key) ? Optional.of(settings.bool(key)) : Optional.empty();
    }

    TokenizerDefinition definition() {
        return new TokenizerDefinition(source, JsonWriter.compact(tokenizerJson()), ids.size(), id("[PAD]"));
    }

    private int id(String token) {
        Integer id = ids.get(token);
        if (id == null) {
            throw new IllegalStateException("checked at reading: " + token);
        }
        return id;
    }

    private Map<String, Object> tokenizerJson() {
        Map<String, Object> normalizer = new LinkedHashMap<>();
        normalizer.put("type", "BertNormalizer");
        normalizer.put("clean_text", true);
        normalizer.put("handle_chinese_chars", splitChinese);
        stripAccents.ifPresent(strip -> normalizer.put("strip_accents", strip));
        normalizer.put("lowercase", lowerCase);
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "WordPiece");
        model.put("unk_token", "[UNK]");
        model.put("continuing_subword_prefix", "##");
        model.put("max_input_chars_per_word", MAX_WORD);
        model.put("vocab", ids);
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("version", "1.0");
        root.put("added_tokens", addedTokens());
        root.put("normalizer", normalizer);
        root.put("pre_tokenizer", Map.of("type", "BertPreTokenizer"));
        root.put("post_processor", template());
        root.put("model", model);
        return root;
    }

    private List<Map<String, Object>> addedTokens() {
        List<Map<String, Object>> added = new ArrayList<>();
        for (String token : SPECIAL) {
            if (ids.containsKey(token)) {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("id", id(token));
                entry.put("content", token);
                entry.put("special", true);
                for (String off : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                    entry.put(off, false);
                }
                added.add(entry);
            }
        }
        return added;
    }

    /** [CLS] text [SEP]. */
    private Map<String, Object> template() {
        Map<String, Object> special = new LinkedHashMap<>();
        for (String token : List.of("[CLS]", "[SEP]")) {
            special.put(token, Map.of("id", token, "ids", List.of(id(token)), "tokens", List.of(token)));
        }
        List<Object> single =
                List.of(piece("SpecialToken", "[CLS]", 0), piece("Sequence", "A", 0), piece("SpecialToken", "[SEP]", 0));
        List<Object> pair = new ArrayList<>(single); // the format demands a pair template; we never encode pairs
        pair.add(piece("Sequence", "B", 1));
        pair.add(piece("SpecialToken", "[SEP]", 1));
        return Map.of("type", "TemplateProcessing", "single", single, "pair", pair, "special_tokens", special);
    }

    private static Map<String, Object> piece(String kind, String id, int typeId) {
        return Map.of(kind, Map.of("id", id, "type_id", typeId));
    }
}
