package org.dndllm.llama;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.BaseTensors;
import org.dndllm.lora.TargetModule;

/**
 * A base model's GGUF file or files, checked in Java before llama.cpp opens it: everything that llama.cpp answers with an abort,
 * and what it loads without a word although it cannot work (ids out of range, malformed merges, no context).
 *
 * @param shape measures of the model
 * @param tensors what adapters may touch
 * @param trainLength context length it was trained for
 */
record ModelFile(BaseShape shape, BaseTensors tensors, int trainLength) {
    private static final String TOKENS = "tokenizer.ggml.tokens";
    private static final String TYPES = "tokenizer.ggml.token_type";
    private static final String MERGES = "tokenizer.ggml.merges";
    private static final int MOST_POSITIONS = 1 << 24;

    /** @throws InvalidInputException naming the key or tensor at fault */
    static ModelFile check(Path path) {
        try (GgufFile file = GgufFile.open(path)) {
            BaseShape shape = BaseShape.fromGguf(file);
            int trainLength = trainLength(file, shape);
            ModelKeys.check(file, shape);
            checkTensors(file, shape);
            checkVocabulary(file, shape);
            return new ModelFile(shape, BaseTensors.of(file), trainLength);
        }
    }

    private static int trainLength(GgufFile file, BaseShape shape) {
        String key = shape.architecture() + ".context_length";
        long length = file.integer(key);
        if (length < 1 || length > MOST_POSITIONS) {
            throw new InvalidInputException(file.source(), key, "is " + length + "; expected 1 to " + MOST_POSITIONS);
        }
        return (int) length;
    }

    private static void checkTensors(GgufFile file, BaseShape shape) {
        TensorChecks tensors = new TensorChecks(file, "a complete base model");
        tensors.matrix("token_embd.weight", shape.hidden(), shape.vocab());
        tensors.vector("output_norm.weight", shape.hidden());
        if (shape.tiedEmbeddings() == false) {
            tensors.matrix("output.weight", shape.hidden(), shape.vocab());
        }
        for (int layer = 0; layer < shape.layers(); layer++) {
            String block = "blk." + layer + ".";
            tensors.vector(block + "attn_norm.weight", shape.hidden());
            tensors.vector(block + "ffn_norm.weight", shape.hidden());
            for (TargetModule module : TargetModule.values()) {
                String name = block + module.ggufName();
                tensors.matrix(name + ".weight", shape.in(module), shape.out(module));
                if (file.tensor(name + ".bias").isPresent()) {
                    tensors.vector(name + ".bias", shape.out(module));
                }
            }
        }
    }

    private static void checkVocabulary(GgufFile file, BaseShape shape) {
        String kind = file.string("tokenizer.ggml.model");
        if (kind.equals("gpt2") == false) {
            throw new InvalidInputException(
                    file.source(),
                    "tokenizer.ggml.model",
                    "is '" + kind + "'; expected gpt2 (byte-level BPE), as Qwen2 has");
        }
        List<String> tokens = file.strings(TOKENS);
        if (tokens.size() != shape.vocab()) {
            throw new InvalidInputException(
                    file.source(),
                    TOKENS,
                    "has " + tokens.size() + " tokens; expected " + shape.vocab() + ", the rows of token_embd.weight");
        }
        Map<String, Integer> ids = HashMap.newHashMap(tokens.size());
        for (int id = 0; id < tokens.size(); id++) {
            if (tokens.get(id).isEmpty()) {
                // llama.cpp would name it [EMPTY_id], and assert if that name is taken
                throw new InvalidInputException(file.source(), TOKENS, "token " + id + " is empty; expected a text");
            }
            Integer first = ids.putIfAbsent(tokens.get(id), id);
            if (first != null) {
                throw new InvalidInputException(
                        file.source(),
                        TOKENS,
                        "tokens " + first + " and " + id + " are both '" + tokens.get(id)
                                + "'; expected every token once");
            }
        }
        if (file.find(TYPES).isPresent() && file.integers(TYPES).length != tokens.size()) {
            throw new InvalidInputException(
                    file.source(), TYPES, "has " + file.integers(TYPES).length + " entries; expected " + tokens.size());
        }
        checkMerges(file);
        checkSpecialIds(file, tokens.size());
    }

    private static void checkMerges(GgufFile file) {
        List<String> merges = file.strings(MERGES);
        for (int i = 0; i < merges.size(); i++) {
            String merge = merges.get(i);
            // llama.cpp looks for the space from the second character on: a token may itself be one
            int space = merge.indexOf(' ', 1);
            if (space < 0 || space == merge.length() - 1) {
                throw new InvalidInputException(
                        file.source(),
                        MERGES,
                        "entry " + i + " is '" + merge + "'; expected two parts and a space between");
            }
        }
    }

    private static void checkSpecialIds(GgufFile file, int vocabulary) {
        for (String key : file.metadata().keySet()) {
            if (key.startsWith("tokenizer.ggml.") && key.endsWith("_token_id")) {
                long id = file.integer(key);
                if (id < 0 || id >= vocabulary) {
                    throw new InvalidInputException(
                            file.source(), key, "is " + id + "; expected 0 to " + (vocabulary - 1));
                }
            }
        }
    }
}
