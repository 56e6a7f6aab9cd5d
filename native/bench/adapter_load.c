// Loading an adapter from memory in C, peer of the same step in Java over the same shared libraries.
//
//   adapter_load LIBRARY_FOLDER MODEL.gguf ADAPTER.gguf [ROUNDS=101]
//
// Protocol; a twin in another language follows it step by step, in a process of its own, on the same files:
//
//  1. ggml_backend_load_all_from_path(LIBRARY_FOLDER), llama_backend_init(). Log lines are dropped.
//  2. Model: default parameters, n_gpu_layers = 0.
//  3. ADAPTER is read into memory once, before any clock.
//  4. Warm-up: 100 rounds of step 5, not reported.
//  5. Round: clock (CLOCK_MONOTONIC) starts; fmemopen over the bytes, llama_adapter_lora_init_from_file_ptr, fclose; clock
//     stops. llama_adapter_lora_free is outside of it. The twin checks the bytes completely inside its clock, which this
//     program does not: it believes the file.
//  6. One JSON object on stdout: load_ms with median, p10, p90 and min over ROUNDS, interpolated linearly between ranks;
//     bytes; rounds.
#define _POSIX_C_SOURCE 200809L
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "ggml-backend.h"
#include "llama.h"

#define WARM_UP 100
#define MOST_ROUNDS 100000

static void fail(const char * what) {
    fprintf(stderr, "adapter_load: %s\n", what);
    exit(1);
}

static void drop(enum ggml_log_level level, const char * text, void * user) {
    (void) level, (void) text, (void) user;
}

static double now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static char * read_all(const char * path, size_t * size) {
    FILE * file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        fail("the adapter file cannot be read");
    }
    long length = ftell(file);
    rewind(file);
    if (length <= 0) {
        fail("the adapter file is empty");
    }
    char * bytes = malloc((size_t) length);
    if (bytes == NULL || fread(bytes, 1, (size_t) length, file) != (size_t) length) {
        fail("the adapter file cannot be read");
    }
    fclose(file);
    *size = (size_t) length;
    return bytes;
}

static double load_once(struct llama_model * model, char * bytes, size_t size) {
    double start = now_ms();
    FILE * stream = fmemopen(bytes, size, "rb");
    if (stream == NULL) {
        fail("fmemopen failed");
    }
    struct llama_adapter_lora * adapter = llama_adapter_lora_init_from_file_ptr(model, stream);
    fclose(stream);
    double elapsed = now_ms() - start;
    if (adapter == NULL) {
        fail("the adapter does not load");
    }
    llama_adapter_lora_free(adapter);
    return elapsed;
}

static int ascending(const void * a, const void * b) {
    double x = *(const double *) a;
    double y = *(const double *) b;
    return (x > y) - (x < y);
}

static double quantile(const double * sorted, int n, double q) {
    double at = q * (n - 1);
    int below = (int) at;
    int above = below + 1 < n ? below + 1 : n - 1;
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
}

int main(int argc, char ** argv) {
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: adapter_load LIBRARY_FOLDER MODEL.gguf ADAPTER.gguf [ROUNDS]\n");
        return 2;
    }
    int rounds = 101;
    if (argc > 4) {
        char * end;
        long value = strtol(argv[4], &end, 10);
        if (*end != 0 || value < 1 || value > MOST_ROUNDS) {
            fail("ROUNDS is a number from 1 to 100000");
        }
        rounds = (int) value;
    }
    llama_log_set(drop, NULL);
    ggml_backend_load_all_from_path(argv[1]);
    llama_backend_init();

    struct llama_model_params params = llama_model_default_params();
    params.n_gpu_layers = 0;
    struct llama_model * model = llama_model_load_from_file(argv[2], params);
    if (model == NULL) {
        fail("the model does not load");
    }
    size_t size;
    char * bytes = read_all(argv[3], &size);
    double * elapsed = malloc(rounds * sizeof(double));
    for (int i = 0; i < WARM_UP; i++) {
        load_once(model, bytes, size);
    }
    for (int i = 0; i < rounds; i++) {
        elapsed[i] = load_once(model, bytes, size);
    }
    qsort(elapsed, rounds, sizeof(double), ascending);
    printf("{\"load_ms\":{\"median\":%.4f,\"p10\":%.4f,\"p90\":%.4f,\"min\":%.4f},\"bytes\":%zu,\"rounds\":%d,"
           "\"llama_version\":\"%s\"}\n",
           quantile(elapsed, rounds, 0.5), quantile(elapsed, rounds, 0.1), quantile(elapsed, rounds, 0.9), elapsed[0], size,
           rounds, llama_version());

    free(elapsed);
    free(bytes);
    llama_model_free(model);
    llama_backend_free();
    return 0;
}
