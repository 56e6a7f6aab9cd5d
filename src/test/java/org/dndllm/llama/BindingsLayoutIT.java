package org.dndllm.llama;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.llama_batch;
import org.dndllm.bindings.llama_chat_message;
import org.dndllm.bindings.llama_context_params;
import org.dndllm.bindings.llama_logit_bias;
import org.dndllm.bindings.llama_model_params;
import org.dndllm.bindings.llama_sampler_chain_params;
import org.dndllm.bindings.llama_token_data;
import org.dndllm.bindings.llama_token_data_array;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The loaded library's own answers against the generated layouts, independent of any compiler: structs that it fills, and
 * structs that it reads. Expected values: the {@code *_default_params} and {@code llama_batch_init} of llama.cpp v0.5.0.
 */
final class BindingsLayoutIT {
    // Neighbouring fields of the defaults are often equal; those that differ pin the offsets, the others come along.

    @BeforeAll
    static void load() {
        System.load(NativeLibrary.locate().file().toString());
    }

    @Test
    void version_ofTheLibrary_isThePinnedOne() {
        NativePin pin = NativePin.load();

        // Builds that are not cut from a release branch say 0.5.0-dev.
        assertThat(LlamaCpp.llama_version().getString(0)).matches(pin.llamaVersion() + "(-dev)?");
        assertThat(LlamaCpp.ggml_version().getString(0)).isEqualTo(pin.ggmlVersion());
    }

    @Test
    void modelDefaultParams_filledByTheLibrary_haveKnownValues() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment p = LlamaCpp.llama_model_default_params(arena);

            assertThat(p.byteSize()).isEqualTo(80);
            assertNull(llama_model_params.devices(p));
            assertNull(llama_model_params.tensor_buft_overrides(p));
            assertThat(llama_model_params.n_gpu_layers(p)).isEqualTo(-1);
            assertThat(llama_model_params.split_mode(p)).isEqualTo(LlamaCpp.LLAMA_SPLIT_MODE_LAYER());
            assertThat(llama_model_params.load_mode(p)).isEqualTo(LlamaCpp.LLAMA_LOAD_MODE_AUTO());
            assertThat(llama_model_params.lazy_mode(p)).isEqualTo(LlamaCpp.LLAMA_LAZY_MODE_AUTO());
            assertThat(llama_model_params.main_gpu(p)).isZero();
            assertNull(llama_model_params.tensor_split(p));
            assertNull(llama_model_params.progress_callback(p));
            assertNull(llama_model_params.progress_callback_user_data(p));
            assertNull(llama_model_params.kv_overrides(p));
            assertThat(llama_model_params.vocab_only(p)).isFalse();
            assertThat(llama_model_params.check_tensors(p)).isFalse();
            assertThat(llama_model_params.use_extra_bufts(p)).isTrue();
            assertThat(llama_model_params.no_host(p)).isFalse();
            assertThat(llama_model_params.no_alloc(p)).isFalse();
            assertThat(llama_model_params.load_mtp(p)).isFalse();
        }
    }

    @Test
    void contextDefaultParams_filledByTheLibrary_haveKnownSizesAndTypes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment p = LlamaCpp.llama_context_default_params(arena);

            assertThat(p.byteSize()).isEqualTo(160);
            assertThat(llama_context_params.n_ctx(p)).isEqualTo(512);
            assertThat(llama_context_params.n_batch(p)).isEqualTo(2048);
            assertThat(llama_context_params.n_ubatch(p)).isEqualTo(512);
            assertThat(llama_context_params.n_seq_max(p)).isEqualTo(1);
            assertThat(llama_context_params.n_rs_seq(p)).isZero();
            assertThat(llama_context_params.n_outputs_max(p)).isZero();
            assertThat(llama_context_params.n_outputs_max_per_seq(p)).isEqualTo(1);
            assertThat(llama_context_params.n_threads(p)).isEqualTo(4);
            assertThat(llama_context_params.n_threads_batch(p)).isEqualTo(4);
            assertThat(llama_context_params.ctx_type(p)).isEqualTo(LlamaCpp.LLAMA_CONTEXT_TYPE_DEFAULT());
            assertThat(llama_context_params.rope_scaling_type(p))
                    .isEqualTo(LlamaCpp.LLAMA_ROPE_SCALING_TYPE_UNSPECIFIED());
            assertThat(llama_context_params.pooling_type(p)).isEqualTo(LlamaCpp.LLAMA_POOLING_TYPE_UNSPECIFIED());
            assertThat(llama_context_params.attention_type(p)).isEqualTo(LlamaCpp.LLAMA_ATTENTION_TYPE_UNSPECIFIED());
            assertThat(llama_context_params.flash_attn_type(p)).isEqualTo(LlamaCpp.LLAMA_FLASH_ATTN_TYPE_AUTO());
            assertThat(llama_context_params.type_k(p)).isEqualTo(LlamaCpp.GGML_TYPE_F16());
            assertThat(llama_context_params.type_v(p)).isEqualTo(LlamaCpp.GGML_TYPE_F16());
        }
    }

    @Test
    void contextDefaultParams_filledByTheLibrary_haveKnownFactorsPointersAndSwitches() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment p = LlamaCpp.llama_context_default_params(arena);

            assertThat(llama_context_params.rope_freq_base(p)).isZero();
            assertThat(llama_context_params.rope_freq_scale(p)).isZero();
            assertThat(llama_context_params.yarn_ext_factor(p)).isEqualTo(-1f);
            assertThat(llama_context_params.yarn_attn_factor(p)).isEqualTo(-1f);
            assertThat(llama_context_params.yarn_beta_fast(p)).isEqualTo(-1f);
            assertThat(llama_context_params.yarn_beta_slow(p)).isEqualTo(-1f);
            assertThat(llama_context_params.yarn_orig_ctx(p)).isZero();
            assertThat(llama_context_params.defrag_thold(p)).isEqualTo(-1f);
            assertNull(llama_context_params.cb_eval(p));
            assertNull(llama_context_params.cb_eval_user_data(p));
            assertNull(llama_context_params.abort_callback(p));
            assertNull(llama_context_params.abort_callback_data(p));
            assertThat(llama_context_params.embeddings(p)).isFalse();
            assertThat(llama_context_params.offload_kqv(p)).isTrue();
            assertThat(llama_context_params.no_perf(p)).isTrue();
            assertThat(llama_context_params.op_offload(p)).isTrue();
            assertThat(llama_context_params.swa_full(p)).isTrue();
            assertThat(llama_context_params.kv_unified(p)).isFalse();
            assertNull(llama_context_params.samplers(p));
            assertThat(llama_context_params.n_samplers(p)).isZero();
            assertNull(llama_context_params.ctx_other(p));
        }
    }

    @Test
    void batchInit_ofFourTokens_setsEveryArrayButEmbeddings() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment batch = LlamaCpp.llama_batch_init(arena, 4, 0, 2);
            try {
                assertThat(llama_batch.n_tokens(batch)).isZero();
                assertNull(llama_batch.embd(batch));
                // Writing to the ends of what was allocated: a wrong pointer would be found by free.
                llama_batch.token(batch).setAtIndex(JAVA_INT, 3, 7);
                llama_batch.pos(batch).setAtIndex(JAVA_INT, 3, 7);
                llama_batch.n_seq_id(batch).setAtIndex(JAVA_INT, 3, 2);
                llama_batch.logits(batch).set(JAVA_BYTE, 3, (byte) 1);
                MemorySegment sequences = llama_batch.seq_id(batch);
                assertThat(sequences.getAtIndex(LlamaCpp.C_POINTER, 3)).isNotEqualTo(MemorySegment.NULL);
                sequences.getAtIndex(LlamaCpp.C_POINTER, 3).setAtIndex(JAVA_INT, 1, 1);
                assertNull(sequences.getAtIndex(LlamaCpp.C_POINTER, 4));
            } finally {
                LlamaCpp.llama_batch_free(batch);
            }
        }
    }

    @Test
    void batchGetOne_ofOurTokens_pointsToThem() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment tokens = arena.allocateFrom(JAVA_INT, 11, 12, 13);

            MemorySegment batch = LlamaCpp.llama_batch_get_one(arena, tokens, 3);

            assertThat(llama_batch.n_tokens(batch)).isEqualTo(3);
            assertThat(llama_batch.token(batch).address()).isEqualTo(tokens.address());
            assertNull(llama_batch.embd(batch));
            assertNull(llama_batch.pos(batch));
            assertNull(llama_batch.n_seq_id(batch));
            assertNull(llama_batch.seq_id(batch));
            assertNull(llama_batch.logits(batch));
        }
    }

    @Test
    void samplers_overOurCandidates_readAndWriteOurStructs() {
        try (Arena arena = Arena.ofConfined()) {
            // given: logits 1, 3, 2 for tokens 100, 101, 102, and a bias that lifts token 102 above all
            MemorySegment candidates = candidates(arena, 1f, 3f, 2f);
            MemorySegment biases = llama_logit_bias.allocateArray(1, arena);
            llama_logit_bias.token(biases, 102);
            llama_logit_bias.bias(biases, 10f);
            MemorySegment params = LlamaCpp.llama_sampler_chain_default_params(arena);
            assertThat(llama_sampler_chain_params.no_perf(params)).isTrue();
            MemorySegment chain = LlamaCpp.llama_sampler_chain_init(params);
            LlamaCpp.llama_sampler_chain_add(chain, LlamaCpp.llama_sampler_init_logit_bias(200, 1, biases));
            LlamaCpp.llama_sampler_chain_add(chain, LlamaCpp.llama_sampler_init_greedy());
            // when
            LlamaCpp.llama_sampler_apply(chain, candidates);
            LlamaCpp.llama_sampler_free(chain);
            // then
            assertThat(llama_token_data_array.selected(candidates)).isEqualTo(2);
            assertThat(llama_token_data_array.size(candidates)).isEqualTo(3);
            MemorySegment chosen = llama_token_data.asSlice(
                    llama_token_data_array.data(candidates).reinterpret(3 * llama_token_data.sizeof()), 2);
            assertThat(llama_token_data.id(chosen)).isEqualTo(102);
            assertThat(llama_token_data.logit(chosen)).isEqualTo(12f);
        }
    }

    @Test
    void chatMessages_ofOurStructs_arriveInTheTemplate() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment messages = llama_chat_message.allocateArray(2, arena);
            message(arena, llama_chat_message.asSlice(messages, 0), "system", "Be short.");
            message(arena, llama_chat_message.asSlice(messages, 1), "user", "Hello");
            MemorySegment text = arena.allocate(256);

            int length = LlamaCpp.llama_chat_apply_template(arena.allocateFrom("chatml"), messages, 2, true, text, 256);

            String expected = "<|im_start|>system\nBe short.<|im_end|>\n<|im_start|>user\nHello<|im_end|>\n"
                    + "<|im_start|>assistant\n";
            assertThat(length).isEqualTo(expected.length());
            assertThat(text.asSlice(0, length).toArray(JAVA_BYTE)).asString().isEqualTo(expected);
        }
    }

    private static MemorySegment candidates(Arena arena, float... logits) {
        MemorySegment data = llama_token_data.allocateArray(logits.length, arena);
        for (int i = 0; i < logits.length; i++) {
            MemorySegment candidate = llama_token_data.asSlice(data, i);
            llama_token_data.id(candidate, 100 + i);
            llama_token_data.logit(candidate, logits[i]);
        }
        MemorySegment candidates = llama_token_data_array.allocate(arena);
        llama_token_data_array.data(candidates, data);
        llama_token_data_array.size(candidates, logits.length);
        llama_token_data_array.selected(candidates, -1);
        llama_token_data_array.sorted(candidates, false);
        return candidates;
    }

    private static void message(Arena arena, MemorySegment struct, String role, String content) {
        llama_chat_message.role(struct, arena.allocateFrom(role));
        llama_chat_message.content(struct, arena.allocateFrom(content));
    }

    private static void assertNull(MemorySegment pointer) {
        assertThat(pointer.address()).isZero();
    }
}
