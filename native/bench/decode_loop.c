// The decode loop in C, peer of the same loop in Java over the same shared libraries: what do foreign calls cost?
//
//   decode_loop LIBRARY_FOLDER MODEL.gguf [PROMPT_TOKENS=128] [GENERATED_TOKENS=64] [ADAPTER.gguf]
//
// Protocol; a twin in another language follows it step by step, in a process of its own, on the same files:
//
//  1. ggml_backend_load_all_from_path(LIBRARY_FOLDER), llama_backend_init(). Log lines are dropped.
//  2. Model: default parameters, n_gpu_layers = 0.
//  3. Context: default parameters, but n_ctx = 1024, n_batch = 1024, n_ubatch = 512, n_threads = n_threads_batch = 1,
//     n_outputs_max = 1.
//  4. With ADAPTER: llama_adapter_lora_init, then llama_set_adapters_lora with scale 1.
//  5. Prompt of P ids: id[i] = (i * 7919 + 13) % n_vocab, i = 0 .. P-1, in 64-bit arithmetic.
//  6. Warm-up: a round of steps 7 and 8 with 4 tokens instead of G, not reported.
//  7. Round: llama_memory_clear(data = true). Clock "prompt" starts. One llama_decode of llama_batch_get_one(ids, P), then
//     llama_get_logits_ith(ctx, -1), which waits for the result. Clock "prompt" stops.
//  8. Clocks "wall" (CLOCK_MONOTONIC) and "thread" (CLOCK_THREAD_CPUTIME_ID of the calling thread, which computes all
//     with one thread) start. G times: id = index of the first greatest logit; llama_decode of
//     llama_batch_get_one(&id, 1); llama_get_logits_ith(ctx, -1). Clocks stop. No end-of-text check: G tokens always.
//     The argmax reads the logits where llama.cpp keeps them, n_vocab floats; the twin may copy them, that is its cost.
//  9. One JSON object on stdout: prompt_ms, thread_cpu_ms_per_token, wall_ms_per_token, tokens (the first 8 ids),
//     checksum over all G ids: h = 1, then h = 31 * h + id in wrapping 32-bit arithmetic (java.util.Arrays.hashCode).
//     Same checksum, same work: figures of runs with different checksums are not to be compared.
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ggml-backend.h"
#include "llama.h"

typedef struct {
    double prompt_ms;
    double thread_ms; // of all generated tokens
    double wall_ms;   // of all generated tokens
} timing;

static void fail(const char * what) {
    fprintf(stderr, "decode_loop: %s\n", what);
    exit(1);
}

static void drop(enum ggml_log_level level, const char * text, void * user) {
    (void) level, (void) text, (void) user;
}

static double now_ms(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static const float * decode(struct llama_context * ctx, llama_token * tokens, int32_t n) {
    if (llama_decode(ctx, llama_batch_get_one(tokens, n)) != 0) {
        fail("llama_decode failed");
    }
    const float * logits = llama_get_logits_ith(ctx, -1); // [V]
    if (logits == NULL) {
        fail("no logits");
    }
    return logits;
}

static llama_token argmax(const float * logits, int32_t n_vocab) {
    llama_token best = 0;
    for (int32_t i = 1; i < n_vocab; i++) {
        if (logits[i] > logits[best]) {
            best = i;
        }
    }
    return best;
}

static timing run_round(struct llama_context * ctx, int32_t n_vocab, llama_token * prompt, int32_t p, llama_token * out, int32_t g) {
    timing t;
    llama_memory_clear(llama_get_memory(ctx), true);
    double start = now_ms(CLOCK_MONOTONIC);
    const float * logits = decode(ctx, prompt, p);
    t.prompt_ms = now_ms(CLOCK_MONOTONIC) - start;

    double wall = now_ms(CLOCK_MONOTONIC);
    double thread = now_ms(CLOCK_THREAD_CPUTIME_ID);
    for (int32_t i = 0; i < g; i++) {
        out[i] = argmax(logits, n_vocab);
        logits = decode(ctx, &out[i], 1);
    }
    t.thread_ms = now_ms(CLOCK_THREAD_CPUTIME_ID) - thread;
    t.wall_ms = now_ms(CLOCK_MONOTONIC) - wall;
    return t;
}

static int32_t count(const char * text, const char * what) {
    char * end;
    long value = strtol(text, &end, 10);
    if (*end != 0 || value < 1 || value > 1000) {
        fail(what);
    }
    return (int32_t) value;
}

int main(int argc, char ** argv) {
    if (argc < 3 || argc > 6) {
        fprintf(stderr, "usage: decode_loop LIBRARY_FOLDER MODEL.gguf [PROMPT_TOKENS] [GENERATED_TOKENS] [ADAPTER.gguf]\n");
        return 2;
    }
    int32_t p = argc > 3 ? count(argv[3], "PROMPT_TOKENS is a number from 1 to 1000") : 128;
    int32_t g = argc > 4 ? count(argv[4], "GENERATED_TOKENS is a number from 1 to 1000") : 64;
    if (p + (g > 4 ? g : 4) > 1024) {
        fail("prompt and generated tokens do not fit n_ctx = 1024");
    }
    llama_log_set(drop, NULL);
    ggml_backend_load_all_from_path(argv[1]);
    llama_backend_init();

    struct llama_model_params model_params = llama_model_default_params();
    model_params.n_gpu_layers = 0;
    struct llama_model * model = llama_model_load_from_file(argv[2], model_params);
    if (model == NULL) {
        fail("the model does not load");
    }
    struct llama_context_params context_params = llama_context_default_params();
    context_params.n_ctx = 1024;
    context_params.n_batch = 1024;
    context_params.n_ubatch = 512;
    context_params.n_threads = 1;
    context_params.n_threads_batch = 1;
    context_params.n_outputs_max = 1;
    struct llama_context * ctx = llama_init_from_model(model, context_params);
    if (ctx == NULL) {
        fail("no context");
    }
    if (argc > 5) {
        struct llama_adapter_lora * adapter = llama_adapter_lora_init(model, argv[5]);
        float scale = 1.0f;
        if (adapter == NULL || llama_set_adapters_lora(ctx, &adapter, 1, &scale) != 0) {
            fail("the adapter does not load");
        }
    }

    int32_t n_vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
    llama_token * prompt = malloc(p * sizeof(llama_token));
    llama_token * out = malloc((g > 4 ? g : 4) * sizeof(llama_token));
    for (int64_t i = 0; i < p; i++) {
        prompt[i] = (llama_token) ((i * 7919 + 13) % n_vocab);
    }
    run_round(ctx, n_vocab, prompt, p, out, 4);
    timing t = run_round(ctx, n_vocab, prompt, p, out, g);

    uint32_t checksum = 1;
    for (int32_t i = 0; i < g; i++) {
        checksum = 31 * checksum + (uint32_t) out[i];
    }
    printf("{\"prompt_ms\":%.3f,\"thread_cpu_ms_per_token\":%.4f,\"wall_ms_per_token\":%.4f,\"tokens\":[", t.prompt_ms,
           t.thread_ms / g, t.wall_ms / g);
    for (int32_t i = 0; i < g && i < 8; i++) {
        printf("%s%d", i == 0 ? "" : ",", out[i]);
    }
    printf("],\"checksum\":%d,\"prompt_tokens\":%d,\"generated_tokens\":%d,\"n_vocab\":%d,\"llama_version\":\"%s\"}\n",
           (int32_t) checksum, p, g, n_vocab, llama_version());

    free(prompt);
    free(out);
    llama_free(ctx);
    llama_model_free(model); // frees the adapter too
    llama_backend_free();
    return 0;
}
