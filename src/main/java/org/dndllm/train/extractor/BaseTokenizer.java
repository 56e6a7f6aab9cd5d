package org.dndllm.train.extractor;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufFile;

/**
 * A base model's byte-pair tokenizer as the {@code tokenizer.json} of the Hugging Face library, with the marks of a chat
 * turn around every text, as that library writes Qwen2.5's. Texts are not normalised, as llama.cpp does not.
 */
final class BaseTokenizer {
    private static final String START = "<|im_start|>";
    private static final String END = "<|im_end|>";
    private static final int CONTROL = 3; // llama.h: enum llama_token_type
    private static final int USER_DEFINED = 4;
    /** Qwen2's pieces: {@code tokenizer.json} as published by Qwen, {@code llama-vocab.cpp: LLAMA_VOCAB_PRE_TYPE_QWEN2}. */
    private static final String PIECES =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private final GgufFile model;
    private final List<String> tokens;

    private BaseTokenizer(GgufFile model) {
        this.model = model;
        require("tokenizer.ggml.model", "gpt2");
        require("tokenizer.ggml.pre", "qwen2");
        tokens = model.strings("tokenizer.ggml.tokens");
    }

    /** @throws InvalidInputException naming the key when the model has another kind of tokenizer, or lacks the marks */
    static Map<String, Object> json(GgufFile model) {
        return new BaseTokenizer(model).json();
    }

    private void require(String key, String expected) {
        String found = model.string(key);
        if (!found.equals(expected)) {
            throw new InvalidInputException(
                    model.source(), key, "is " + found + "; expected " + expected + ", the tokenizer of Qwen2.5");
        }
    }

    private Map<String, Object> json() {
        Map<String, Object> root = new LinkedHashMap<>();
        root.put("version", "1.0");
        root.put("padding", padding());
        root.put("added_tokens", added());
        root.put("pre_tokenizer", preTokenizer());
        root.put("post_processor", marks());
        root.put("model", pairs());
        return root;
    }

    private Map<String, Object> padding() {
        int id = Math.toIntExact(model.integer("tokenizer.ggml.padding_token_id"));
        if (id < 0 || id >= tokens.size()) {
            throw new InvalidInputException(
                    model.source(), "tokenizer.ggml.padding_token_id", "is " + id + " of " + tokens.size() + " tokens");
        }
        Map<String, Object> padding = new LinkedHashMap<>();
        padding.put("strategy", "BatchLongest");
        padding.put("direction", "Right");
        padding.put("pad_id", id);
        padding.put("pad_type_id", 0);
        padding.put("pad_token", tokens.get(id));
        return padding;
    }

    private List<Map<String, Object>> added() {
        long[] types = model.integers("tokenizer.ggml.token_type");
        if (types.length != tokens.size()) {
            throw new InvalidInputException(
                    model.source(),
                    "tokenizer.ggml.token_type",
                    "has " + types.length + " entries for " + tokens.size() + " tokens");
        }
        List<Map<String, Object>> added = new ArrayList<>();
        for (int id = 0; id < types.length; id++) {
            if (types[id] == CONTROL || types[id] == USER_DEFINED) {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("id", id);
                entry.put("content", tokens.get(id));
                entry.put("special", types[id] == CONTROL);
                for (String off : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                    entry.put(off, false);
                }
                added.add(entry);
            }
        }
        return added;
    }

    private static Map<String, Object> preTokenizer() {
        Map<String, Object> split = new LinkedHashMap<>();
        split.put("type", "Split");
        split.put("pattern", Map.of("Regex", PIECES));
        split.put("behavior", "Isolated");
        split.put("invert", false);
        Map<String, Object> bytes = new LinkedHashMap<>();
        bytes.put("type", "ByteLevel");
        bytes.put("add_prefix_space", false);
        bytes.put("trim_offsets", false);
        bytes.put("use_regex", false);
        return Map.of("type", "Sequence", "pretokenizers", List.of(split, bytes));
    }

    private Map<String, Object> marks() {
        Map<String, Object> special = new LinkedHashMap<>();
        for (String mark : List.of(START, END)) {
            int id = tokens.indexOf(mark);
            if (id < 0) {
                throw new InvalidInputException(
                        model.source(), "tokenizer.ggml.tokens", "lacks " + mark + "; choose a chat model");
            }
            special.put(mark, Map.of("id", mark, "ids", List.of(id), "tokens", List.of(mark)));
        }
        List<Object> single = List.of(piece("SpecialToken", START), piece("Sequence", "A"), piece("SpecialToken", END));
        List<Object> pair = new ArrayList<>(single); // the format demands it; pairs are never encoded
        pair.add(piece("Sequence", "B"));
        return Map.of("type", "TemplateProcessing", "single", single, "pair", pair, "special_tokens", special);
    }

    private static Map<String, Object> piece(String kind, String id) {
        return Map.of(kind, Map.of("id", id, "type_id", 0));
    }

    private Map<String, Object> pairs() {
        Map<String, Object> ids = new LinkedHashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            ids.put(tokens.get(id), id);
        }
        Map<String, Object> pairs = new LinkedHashMap<>();
        pairs.put("type", "BPE");
        pairs.put("continuing_subword_prefix", "");
        pairs.put("end_of_word_suffix", "");
        pairs.put("fuse_unk", false);
        pairs.put("byte_fallback", false);
        pairs.put("vocab", ids);
        pairs.put("merges", model.strings("tokenizer.ggml.merges"));
        return pairs;
    }
}
