package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A sequence that was out of the KV cache goes on as if it had never left. */
class SavedSequenceIT {
    private static final int[] TOKENS = {5, 6, 7, 8};
    private static final float ROUNDING = 0.01f; // logits of 1 to 3, float16 in the cache

    @TempDir
    Path folder;

    private LlamaModel model;

    @BeforeEach
    void open() {
        model = TinyModel.open(folder);
    }

    @AfterEach
    void close() {
        model.close();
    }

    /** With and without flash attention the cache's values lie differently. */
    @ParameterizedTest
    @EnumSource(
            value = ContextOptions.FlashAttention.class,
            names = {"ON", "OFF"})
    void restore_underAnotherNumber_logitsAreBitEqual(ContextOptions.FlashAttention flash) {
        try (LlamaContext context = model.newContext(options(flash))) {
            // given
            context.decode(TOKENS, 0, CancelToken.create());
            context.decode(new int[] {9}, 0, CancelToken.create());
            float[] expected = context.logits();
            context.truncate(0, TOKENS.length);

            try (SavedSequence saved = context.save(0)) {
                // when
                context.clear();
                context.restore(saved, 1);

                // then
                assertThat(saved.bytes()).isPositive();
                assertThat(context.length(0)).isZero();
                assertThat(context.length(1)).isEqualTo(TOKENS.length);
                context.decode(new int[] {9}, 1, CancelToken.create());
                assertThat(context.logits()).isEqualTo(expected);

                // when: another one has taken its cells
                context.clear();
                context.decode(new int[] {11, 12}, 2, CancelToken.create());
                context.restore(saved, 1);

                // then: sums over cells in another order round differently
                context.decode(new int[] {9}, 1, CancelToken.create());
                assertThat(context.logits())
                        .usingComparatorWithPrecision(ROUNDING)
                        .containsExactly(expected);
            }
        }
    }

    /** Memory is used again as it is: nothing of a former state may show, be it shorter or longer. */
    @Test
    void save_intoMemoryOfAnotherOne_logitsAreBitEqual() {
        int[][] prompts = {{5, 6, 7}, {8, 9, 10, 11, 12, 13, 14, 15, 16, 17}, {18, 19}, {20, 21, 22, 23, 24, 25}};
        try (LlamaContext context = model.newContext(options(ContextOptions.FlashAttention.AUTO))) {
            for (int[] prompt : prompts) {
                // given
                context.decode(prompt, 0, CancelToken.create());
                context.decode(new int[] {9}, 0, CancelToken.create());
                float[] expected = context.logits();
                context.truncate(0, prompt.length);

                // when: closed at the end of the round, so that the next one gets the memory
                try (SavedSequence saved = context.save(0)) {
                    context.clear();
                    context.restore(saved, 0);
                }

                // then
                context.decode(new int[] {9}, 0, CancelToken.create());
                assertThat(context.logits()).as("%d tokens", prompt.length).isEqualTo(expected);
                context.clear();
            }
        }
    }

    @Test
    void close_afterItsContext_isHarmless() {
        LlamaContext context = model.newContext(options(ContextOptions.FlashAttention.AUTO));
        context.decode(TOKENS);
        SavedSequence saved = context.save(0);

        context.close();

        assertThat(saved.state().byteSize()).isEqualTo(saved.bytes());
        saved.close();
        assertThatThrownBy(saved::state).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void restore_anotherSetOrContext_isRefused() {
        LoraAdapter adapter = TinyModel.adapter(model, 1, "a");
        try (LlamaContext context = model.newContext(options(ContextOptions.FlashAttention.AUTO));
                LlamaContext other = model.newContext(options(ContextOptions.FlashAttention.AUTO))) {
            context.decode(TOKENS);
            try (SavedSequence saved = context.save(0)) {
                assertThatThrownBy(() -> other.restore(saved, 0))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining(other.name());
                context.attach(AdapterSet.of(adapter));
                assertThatThrownBy(() -> context.restore(saved, 0))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("another adapter set");
            }
        }
    }

    @Test
    void saveAndRestore_wrongSequences_areRefusedByNumber() {
        try (LlamaContext context = model.newContext(options(ContextOptions.FlashAttention.AUTO))) {
            context.decode(TOKENS);
            assertThatThrownBy(() -> context.save(1))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("1 holds nothing");
            assertThatThrownBy(() -> context.save(99))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("99");
            SavedSequence saved = context.save(0);
            assertThatThrownBy(() -> context.restore(saved, 0))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("0 holds 4");
            saved.close();
            saved.close();
            context.remove(0);
            assertThatThrownBy(() -> context.restore(saved, 0))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("closed");
        }
    }

    @Test
    void restore_noRoom_isRefusedAndNothingChanges() {
        try (LlamaContext context =
                model.newContext(options(ContextOptions.FlashAttention.AUTO).withContextLength(256))) {
            context.decode(new int[200], 0, CancelToken.create());
            try (SavedSequence saved = context.save(0)) {
                assertThatThrownBy(() -> context.restore(saved, 1)).isInstanceOf(ContextFullException.class);
                assertThat(context.length(1)).isZero();
                context.decode(new int[] {9}, 1, CancelToken.create());
                assertThat(context.length(1)).isEqualTo(1);
            }
        }
    }

    private static ContextOptions options(ContextOptions.FlashAttention flash) {
        ContextOptions small = TinyModel.SMALL.withSequences(3);
        return new ContextOptions(
                small.contextLength(),
                small.beyondTraining(),
                small.batch(),
                small.microBatch(),
                small.threads(),
                small.sequences(),
                small.maxOutputs(),
                small.embeddings(),
                flash);
    }
}
