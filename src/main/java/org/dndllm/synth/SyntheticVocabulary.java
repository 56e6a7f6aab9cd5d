package org.dndllm.synth;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufWriter;
import org.dndllm.format.JsonValue;

/**
 * The tokenizer part of a Qwen2 GGUF file: tokens, their types, merges, special ids and chat template; either the real one
 * from Qwen2.5's published files or a small one learned from a text. Immutable.
 */
public final class SyntheticVocabulary {
    static final String END_OF_TEXT = "<|endoftext|>";
    static final String MESSAGE_START = "<|im_start|>";
    static final String MESSAGE_END = "<|im_end|>";
    private static final List<String> IMAGE_MARKS = List.of("<|vision_start|>", "<|vision_end|>");

    // llama.h: enum llama_token_type
    static final int NORMAL = 1;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;

    /** ChatML with Qwen2.5's turn marks, for learned vocabularies. */
    private static final String CHAT_TEMPLATE = "{%- for message in messages %}"
            + "{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
            + "{%- endfor %}"
            + "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\\n' }}{%- endif %}";

    private final List<String> tokens;
    private final int[] types;
    private final List<String> merges;
    private final int endOfTurn;
    private final int endOfText;
    private final String chatTemplate;

    private SyntheticVocabulary(
            List<String> tokens, int[] types, List<String> merges, String chatTemplate, String source) {
        this.tokens = Collections.unmodifiableList(tokens);
        this.types = types;
        this.merges = Collections.unmodifiableList(merges);
        this.chatTemplate = chatTemplate;
        this.endOfTurn = idOf(tokens, MESSAGE_END, source);
        this.endOfText = idOf(tokens, END_OF_TEXT, source);
    }

    /**
     * The vocabulary of a published Qwen2 or Qwen2.5 model.
     *
     * @param folder holds vocab.json, merges.txt, added_tokens.json and tokenizer_config.json
     * @throws InvalidInputException when a file is missing, malformed, or does not fit the others
     */
    public static SyntheticVocabulary fromFolder(Path folder) {
        Path vocabFile = folder.resolve("vocab.json");
        Path addedFile = folder.resolve("added_tokens.json");
        Path configFile = folder.resolve("tokenizer_config.json");
        Map<String, JsonValue> base = object(vocabFile).members();
        JsonValue.Obj added = object(addedFile);
        int size = base.size() + added.members().size();
        @SuppressWarnings("NullAway") // filled completely below, or refused
        String[] tokens = new String[size];
        int[] types = new int[size];
        place(base, vocabFile, tokens, types);
        place(added.members(), addedFile, tokens, types);
        JsonValue.Obj config = object(configFile);
        for (Map.Entry<String, JsonValue> entry : added.members().entrySet()) {
            int id = id(entry, addedFile, size);
            boolean special = config.object("added_tokens_decoder")
                    .object(String.valueOf(id))
                    .bool("special");
            types[id] = special || looksSpecial(entry.getKey()) ? CONTROL : USER_DEFINED;
        }
        String template = config.string("chat_template");
        return new SyntheticVocabulary(
                Arrays.asList(tokens), types, merges(folder.resolve("merges.txt")), template, vocabFile.toString());
    }

    /**
     * A vocabulary learned from a text, with the three marks that Qwen2.5's chat needs at the end.
     *
     * @param size tokens in all, at least 259; fewer come out when the text repeats too little
     */
    public static SyntheticVocabulary train(String text, int size) {
        List<String> specials = List.of(END_OF_TEXT, MESSAGE_START, MESSAGE_END);
        BpeTrainer.Vocabulary learned = BpeTrainer.train(text, size - specials.size());
        List<String> tokens = new ArrayList<>(learned.tokens());
        tokens.addAll(specials);
        int[] types = new int[tokens.size()];
        Arrays.fill(types, NORMAL);
        Arrays.fill(types, learned.tokens().size(), types.length, CONTROL);
        return new SyntheticVocabulary(tokens, types, learned.merges(), CHAT_TEMPLATE, "<learned vocabulary>");
    }

    /**
     * This vocabulary with the two marks of Qwen2.5-VL between which an image stands.
     *
     * @throws InvalidInputException if it has them
     */
    public SyntheticVocabulary withImageMarks() {
        List<String> more = new ArrayList<>(tokens);
        int[] moreTypes = Arrays.copyOf(types, tokens.size() + IMAGE_MARKS.size());
        for (String mark : IMAGE_MARKS) {
            if (more.contains(mark)) {
                throw new InvalidInputException("<vocabulary>", mark, "is there already; expected a text vocabulary");
            }
            moreTypes[more.size()] = CONTROL;
            more.add(mark);
        }
        return new SyntheticVocabulary(more, moreTypes, merges, chatTemplate, "<vocabulary>");
    }

    /** This vocabulary with unused tokens {@code [PADn]} up to a size, as llama.cpp's converter fills up. */
    public SyntheticVocabulary padded(int size) {
        if (size < tokens.size()) {
            throw new InvalidInputException(
                    "<vocabulary>", "size", "has " + tokens.size() + " tokens, more than the model's " + size);
        }
        List<String> more = new ArrayList<>(tokens);
        int[] moreTypes = Arrays.copyOf(types, size);
        for (int id = tokens.size(); id < size; id++) {
            more.add("[PAD" + id + "]");
            moreTypes[id] = UNUSED;
        }
        return new SyntheticVocabulary(more, moreTypes, merges, chatTemplate, "<vocabulary>");
    }

    /** Number of tokens. */
    public int size() {
        return tokens.size();
    }

    /** Tokens by id; ordinary ones in GPT-2's byte alphabet. */
    public List<String> tokens() {
        return tokens;
    }

    /** Merges "left right", most important first. */
    public List<String> merges() {
        return merges;
    }

    /** Id of the token that ends a chat turn. */
    public int endOfTurn() {
        return endOfTurn;
    }

    /** Id of the token that ends a document; also padding. */
    public int endOfText() {
        return endOfText;
    }

    /** The {@code tokenizer.*} keys, in the converter's order. */
    public void putInto(GgufWriter writer) {
        writer.put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "qwen2")
                .putStrings("tokenizer.ggml.tokens", tokens)
                .putInts("tokenizer.ggml.token_type", types)
                .putStrings("tokenizer.ggml.merges", merges)
                .putUint32("tokenizer.ggml.eos_token_id", endOfTurn)
                .putUint32("tokenizer.ggml.padding_token_id", endOfText)
                .putUint32("tokenizer.ggml.bos_token_id", endOfText)
                .putBool("tokenizer.ggml.add_bos_token", false)
                .put("tokenizer.chat_template", chatTemplate);
    }

    private static void place(Map<String, JsonValue> ids, Path file, String[] tokens, int[] types) {
        for (Map.Entry<String, JsonValue> entry : ids.entrySet()) {
            int id = id(entry, file, tokens.length);
            if (types[id] != 0) {
                throw new InvalidInputException(
                        file.toString(),
                        entry.getKey(),
                        "id " + id + " is taken by another token; fetch the files again");
            }
            tokens[id] = entry.getKey();
            types[id] = NORMAL;
        }
    }

    /** As many ids as tokens, all within the size and none twice: so none is missing either. */
    private static int id(Map.Entry<String, JsonValue> entry, Path file, int size) {
        if (entry.getValue() instanceof JsonValue.Num number
                && number.value() instanceof Long id
                && id >= 0
                && id < size) {
            return id.intValue();
        }
        throw new InvalidInputException(
                file.toString(),
                entry.getKey(),
                "is not a token id from 0 to " + (size - 1) + "; fetch the files again");
    }

    /** The converter's rule for tokens that a tokenizer's author forgot to mark. */
    private static boolean looksSpecial(String token) {
        return token.startsWith("<|") && token.endsWith("|>");
    }

    private static List<String> merges(Path file) {
        List<String> merges = new ArrayList<>();
        for (String line : read(file).split("\n", -1)) {
            if (line.isEmpty() || line.startsWith("#version")) {
                continue;
            }
            if (line.indexOf(' ') < 1 || line.indexOf(' ') != line.lastIndexOf(' ') || line.endsWith(" ")) {
                throw new InvalidInputException(
                        file.toString(),
                        "\"" + line + "\"",
                        "is not two tokens with a space between; fetch the files again");
            }
            merges.add(line);
        }
        return merges;
    }

    private static JsonValue.Obj object(Path file) {
        if (JsonValue.parse(read(file), file.toString()) instanceof JsonValue.Obj object) {
            return object;
        }
        throw new InvalidInputException(file.toString(), "$", "is not a JSON object; fetch the files again");
    }

    private static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new InvalidInputException(
                    file.toString(), "file", "does not exist; name a folder with Qwen2.5's tokenizer files", e);
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read: " + e.getMessage(), e);
        }
    }

    private static int idOf(List<String> tokens, String token, String source) {
        int id = tokens.indexOf(token);
        if (id < 0) {
            throw new InvalidInputException(source, token, "is missing; expected a Qwen2 vocabulary");
        }
        return id;
    }
}
