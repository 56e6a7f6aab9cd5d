package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import org.dndllm.NativeFailureException;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.llama_batch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Goes behind the validation on purpose: what would end the process ends one model. */
class CrashGuardIT {
    @TempDir
    Path folder;

    @Test
    void decode_ggmlAssertion_isAnExceptionAndOtherModelsGoOn() {
        try (LlamaModel broken = TinyModel.open(folder);
                LlamaModel other = LlamaModel.open(folder.resolve("tiny.gguf"), ModelOptions.CPU)) {
            LlamaContext context = broken.newContext(TinyModel.SMALL);
            LlamaContext sibling = broken.newContext(TinyModel.SMALL);
            try (Arena arena = Arena.ofShared()) {
                // given: a batch with neither tokens nor embeddings
                MemorySegment batch = llama_batch.allocate(arena);
                llama_batch.n_tokens(batch, 1);

                // when, then
                assertThatThrownBy(() ->
                                context.onThread("raw decode", () -> LlamaCpp.llama_decode(context.pointer(), batch)))
                        .isInstanceOf(NativeFailureException.class)
                        .hasMessageContaining("raw decode")
                        .hasMessageContaining("GGML_ASSERT(batch_inp.token || batch_inp.embd)");
            }
            assertThatThrownBy(() -> sibling.decode(new int[] {1})).isInstanceOf(NativeFailureException.class);
            assertThatThrownBy(() -> broken.newContext(TinyModel.SMALL)).isInstanceOf(NativeFailureException.class);
            assertStillDecodes(other);
        }
    }

    @Test
    void piece_uncaughtCppException_isAnExceptionAndOtherModelsGoOn() {
        try (LlamaModel broken = TinyModel.open(folder);
                LlamaModel other = LlamaModel.open(folder.resolve("tiny.gguf"), ModelOptions.CPU)) {
            // given: memory that cannot be freed by scope, because the parked call keeps it
            MemorySegment buffer = Arena.ofAuto().allocate(64);

            // when, then
            assertThatThrownBy(() -> broken.onThread(
                            "raw piece",
                            () -> LlamaCpp.llama_token_to_piece(
                                    broken.vocabulary().pointer(), 1_000_000, buffer, 64, 0, true)))
                    .isInstanceOf(NativeFailureException.class)
                    .hasMessageContaining("out_of_range");
            assertStillDecodes(other);
        }
    }

    private static void assertStillDecodes(LlamaModel model) {
        try (LlamaContext context = model.newContext(TinyModel.SMALL)) {
            context.attach(AdapterSet.of(TinyModel.adapter(model, 1, "a")));
            context.decode(new int[] {1, 2, 3});
            assertThat(context.logits()).hasSize(300).doesNotContain(Float.NaN);
        }
    }
}
