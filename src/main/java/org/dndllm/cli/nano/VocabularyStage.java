package org.dndllm.cli.nano;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.ChatTokenizer;
import org.dndllm.encoder.EncoderTokenizer;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.GgmlType;
import org.dndllm.format.JsonWriter;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.BaseShape;
import org.dndllm.nano.ConditionText;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Split;
import org.dndllm.nano.Turn;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticVocabulary;

/**
 * {@code tokenizer.gguf}: the base model's vocabulary in a file that llama.cpp opens, around random weights, so that
 * pretraining text is cut by the same tokenizer as in use. {@code wordpiece/}: the encoder's.
 *
 * @param positions of the encoder; every prompt must fit
 */
record VocabularyStage(NanoWorld world, int positions) implements Stage.Work {
    static final String TOKENIZER = "tokenizer.gguf";
    static final String WORD_PIECE = "wordpiece";

    private static final int DOCUMENTS = 2000;

    @Override
    public Map<String, ?> run(Workplace workplace) throws IOException {
        SyntheticVocabulary vocabulary = world.bpeVocabulary();
        BaseShape least = new BaseShape(BaseShape.QWEN2, 1, 32, 1, 1, 32, 32, vocabulary.size(), true);
        Path tokenizer = workplace.folder().resolve(TOKENIZER);
        SyntheticBase.write(
                tokenizer, least, vocabulary, GgmlType.F16, world.spec().seed(), "dnd-nano-tokenizer");
        Path pieces = Files.createDirectories(workplace.folder().resolve(WORD_PIECE));
        List<String> wordPieces = world.wordPieceVocabulary();
        AtomicFile.writeString(pieces.resolve("vocab.txt"), String.join("\n", wordPieces) + "\n");
        AtomicFile.writeString(
                pieces.resolve("tokenizer_config.json"), JsonWriter.write(Map.of("do_lower_case", true)));

        Map<String, Object> results = new LinkedHashMap<>();
        results.put("bpe_tokens", vocabulary.size());
        results.put("word_pieces", wordPieces.size());
        results.put("longest_document_tokens", longestDocument(tokenizer));
        int longest = longestPrompt(pieces, ConditionText.PROMPTS);
        results.put("longest_prompt_pieces", longest);
        results.put("longest_prompt_with_answer_pieces", longestPrompt(pieces, ConditionText.PROMPTS_AND_ANSWERS));
        if (longest > positions) {
            throw new InvalidInputException(
                    "<world>", "prompts", "have up to " + longest + " pieces, the encoder " + positions + " positions");
        }
        return results;
    }

    private int longestDocument(Path tokenizer) {
        try (LlamaModel text = LlamaModel.open(tokenizer, ModelOptions.CPU)) {
            ChatTokenizer chat = new ChatTokenizer(text.vocabulary());
            int longest = 0;
            for (int i = 0; i < DOCUMENTS; i++) {
                longest = Math.max(
                        longest, chat.conversation(world.baseDocument(i)).tokens().length);
            }
            return longest;
        }
    }

    /** With [CLS] and [SEP]. */
    private int longestPrompt(Path pieces, ConditionText kind) {
        try (EncoderTokenizer tokenizer = EncoderTokenizer.open(pieces)) {
            Stream<Turn> items = world.tasks().stream()
                    .flatMap(task -> Stream.of(Split.values()).flatMap(split -> world.items(task, split).stream()));
            return items.flatMap(item -> kind.texts(List.of(item)).stream())
                    .mapToInt(prompt -> tokenizer.encode(prompt).length)
                    .max()
                    .orElseThrow();
        }
    }
}
