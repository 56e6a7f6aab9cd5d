/**
 * Reads and writes the files that tensors live in: safetensors, GGUF, {@code torch.save} archives, and the JSON in and
 * beside them. Files are mapped, every length and offset is checked before it is used, and nothing in a file is ever
 * executed. Whatever is wrong with a file surfaces as {@link org.dndllm.InvalidInputException}.
 *
 * <p>Knows {@code java.base} and the root package's exceptions, and nothing of models, adapters or native libraries.
 *
 * <p>Sources: safetensors format (README of huggingface/safetensors), GGUF v3 ({@code ggml/docs/gguf.md}), Python
 * pickle protocols 2 to 5 ({@code pickletools}), PyTorch's serialization notes, PKWARE APPNOTE (zip), RFC 8259 (JSON).
 */
@NullMarked
package org.dndllm.format;

import org.jspecify.annotations.NullMarked;
