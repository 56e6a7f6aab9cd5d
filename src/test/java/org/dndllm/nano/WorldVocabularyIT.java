package org.dndllm.nano;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.dndllm.format.GgmlType;
import org.dndllm.format.NativeLlama;
import org.dndllm.lora.BaseShape;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticVocabulary;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** llama.cpp cuts the world's turns as docs/nano.md says. */
final class WorldVocabularyIT {
    private static final NanoWorld WORLD = NanoWorld.of(WorldSpec.standard());

    @TempDir
    Path folder;

    @BeforeAll
    static void library() {
        NativeLlama.requireLibrary();
    }

    @Test
    void bpe_turnsInTheirChatFrame_areOneTokenAWord() {
        // given
        SyntheticVocabulary vocabulary = WORLD.bpeVocabulary();
        Path gguf = folder.resolve("world.gguf");
        BaseShape shape = new BaseShape("qwen2", 1, 32, 2, 1, 16, 32, vocabulary.size(), true);
        SyntheticBase.write(gguf, shape, vocabulary, GgmlType.F32, 7, "world");

        // when
        try (NativeLlama llama = NativeLlama.open(gguf, true)) {
            for (WorldTask task : WORLD.tasks(Role.HELD_OUT)) {
                for (Turn item : WORLD.items(task, Split.TEST)) {
                    int[] tokens = llama.tokenize(
                            "<|im_start|>user\n" + item.prompt() + "<|im_end|>\n<|im_start|>assistant\n"
                                    + item.response() + "<|im_end|>",
                            true);

                    // then: eight marks and names of the frame, and the end of the answer
                    int words = words(item.prompt()) + words(item.response());
                    assertThat(tokens).as(item.toString()).hasSize(words + 9);
                    assertThat(tokens[tokens.length - 1]).isEqualTo(vocabulary.endOfTurn());
                }
            }
        }
    }

    private static int words(String text) {
        return List.of(text.split(" ")).size();
    }
}
