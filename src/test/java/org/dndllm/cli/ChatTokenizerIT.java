package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.llama.Vocabulary;
import org.dndllm.lora.BaseShape;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Turn;
import org.dndllm.nano.WorldSpec;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticVocabulary;
import org.dndllm.train.Example;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pretraining documents are what llama.cpp's tokenizer and the chat template make of them in use. */
class ChatTokenizerIT {
    private static final NanoWorld WORLD = NanoWorld.of(WorldSpec.standard());
    private static final int DOCUMENTS = 150;

    @TempDir
    Path folder;

    @Test
    void conversation_worldDocuments_areTheRenderedChat() {
        SyntheticVocabulary learned = WORLD.bpeVocabulary();
        Path gguf = folder.resolve("tokenizer.gguf");
        BaseShape shape = new BaseShape(BaseShape.QWEN2, 1, 32, 1, 1, 32, 32, learned.size(), true);
        SyntheticBase.write(gguf, shape, learned, GgmlType.F16, 1, "tokenizer");
        try (LlamaModel model = LlamaModel.open(gguf, ModelOptions.CPU)) {
            Vocabulary vocabulary = model.vocabulary();
            ChatTokenizer chat = new ChatTokenizer(vocabulary);
            int lineBreak = vocabulary.tokenize("\n", false).length;
            for (int i = 0; i < DOCUMENTS; i++) {
                List<Turn> turns = WORLD.baseDocument(i);

                // when
                Example example = chat.conversation(turns);

                // then: the whole chat, without the line break after its last turn
                int[] whole = ChatTemplate.tokens(vocabulary, messages(turns), false);
                assertThat(example.tokens()).isEqualTo(Arrays.copyOf(whole, whole.length - lineBreak));
                // and what counts is every answer with its end, and nothing else
                assertThat(vocabulary.detokenize(counting(example), true))
                        .isEqualTo(turns.stream()
                                .map(turn -> turn.response() + "<|im_end|>")
                                .reduce("", String::concat));
            }
        }
    }

    private static List<ChatMessage> messages(List<Turn> turns) {
        List<ChatMessage> messages = new ArrayList<>();
        for (Turn turn : turns) {
            messages.add(ChatMessage.user(turn.prompt()));
            messages.add(new ChatMessage("assistant", turn.response()));
        }
        return messages;
    }

    private static int[] counting(Example example) {
        int[] tokens = example.tokens();
        boolean[] counts = example.answer();
        return java.util.stream.IntStream.range(0, tokens.length)
                .filter(i -> counts[i])
                .map(i -> tokens[i])
                .toArray();
    }
}
