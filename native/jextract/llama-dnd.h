// What jextract reads: the public C headers of llama.cpp that the Java layer stands on.
#include "llama.h"
#include "ggml.h"
#include "ggml-backend.h"
#include "ggml-cpu.h"
#include "gguf.h"
