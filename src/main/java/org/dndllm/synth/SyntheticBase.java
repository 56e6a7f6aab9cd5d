package org.dndllm.synth;

import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufWriter;
import org.dndllm.lora.BaseShape;

/**
 * A Qwen2 base model with random weights as a GGUF file: tensor names, their order and metadata as llama.cpp's converter
 * writes them for Qwen2.5, plus {@code dnd.synthetic = true}. Matrices have deviation 1/sqrt(inputs), so activations and
 * logits keep about unit size at any width; the text that comes out is noise.
 */
public final class SyntheticBase {
    /** Qwen2.5's published settings; they do not depend on the size. */
    private static final int CONTEXT_LENGTH = 32768;

    private static final float RMS_EPSILON = 1e-6f;
    private static final float ROPE_BASE = 1e6f;
    private static final int QUANTIZATION_VERSION = 2;
    private static final float SMALL = 0.02f;

    private final BaseShape shape;
    private final GgmlType matrixType;
    private final long seed;
    private final GgufWriter writer = new GgufWriter();

    private SyntheticBase(BaseShape shape, GgmlType matrixType, long seed) {
        this.shape = shape;
        this.matrixType = matrixType;
        this.seed = seed;
    }

    /**
     * Writes the model, whole or not at all. Fills tensors on all cores, one tensor at a time; the largest one is held in
     * native memory.
     *
     * @param vocab at most as many tokens as the shape has; filled up with unused ones
     * @param matrixType F32, F16, BF16 or Q8_0 for the matrices; norms and biases are F32
     * @param seed the same arguments and seed give the same bytes on every machine
     * @param name what {@code general.name} says
     * @throws InvalidInputException when shape, type and vocabulary do not fit together
     */
    public static void write(
            Path gguf, BaseShape shape, SyntheticVocabulary vocab, GgmlType matrixType, long seed, String name) {
        writer(shape, vocab, matrixType, seed, name).write(gguf);
    }

    /** The file before it is written. */
    static GgufWriter writer(BaseShape shape, SyntheticVocabulary vocab, GgmlType matrixType, long seed, String name) {
        check(shape, matrixType);
        SyntheticBase base = new SyntheticBase(shape, matrixType, seed);
        base.metadata(name);
        vocab.padded(shape.vocab()).putInto(base.writer);
        base.writer.putUint32("general.quantization_version", QUANTIZATION_VERSION);
        base.tensors();
        return base.writer;
    }

    private static void check(BaseShape shape, GgmlType type) {
        if (!shape.architecture().equals("qwen2")) {
            throw fault("architecture", "is " + shape.architecture() + "; only qwen2 can be made");
        }
        int query = shape.heads() * shape.headDim();
        for (int columns : List.of(shape.hidden(), shape.intermediate(), query)) {
            if (columns % type.blockSize() != 0) {
                throw fault(
                        "matrixType", type + " needs widths that are multiples of 32, not " + columns + "; use F16");
            }
        }
        if (shape.headDim() % 2 != 0) {
            throw fault("headDim", "is " + shape.headDim() + "; rotary positions need an even number");
        }
        switch (type) {
            case F32, F16, BF16, Q8_0 -> {}
            default -> throw fault("matrixType", "is " + type + "; expected F32, F16, BF16 or Q8_0");
        }
    }

    private static InvalidInputException fault(String field, String problem) {
        return new InvalidInputException("<synthetic base model>", field, problem);
    }

    private void metadata(String name) {
        writer.put("general.architecture", "qwen2")
                .put("general.type", "model")
                .put("general.name", name)
                .put("general.description", "Random weights, made for tests and measurements; not a trained model.")
                .putBool("dnd.synthetic", true)
                .putUint64("dnd.synthetic.seed", seed)
                .putUint32("qwen2.block_count", shape.layers())
                .putUint32("qwen2.context_length", CONTEXT_LENGTH)
                .putUint32("qwen2.embedding_length", shape.hidden())
                .putUint32("qwen2.feed_forward_length", shape.intermediate())
                .putUint32("qwen2.attention.head_count", shape.heads())
                .putUint32("qwen2.attention.head_count_kv", shape.kvHeads())
                .putFloat32("qwen2.rope.freq_base", ROPE_BASE)
                .putFloat32("qwen2.attention.layer_norm_rms_epsilon", RMS_EPSILON);
        if (shape.headDim() * shape.heads() != shape.hidden()) {
            writer.putUint32("qwen2.attention.key_length", shape.headDim())
                    .putUint32("qwen2.attention.value_length", shape.headDim());
        }
        writer.putUint32("general.file_type", fileType());
    }

    /** {@code llama.h: enum llama_ftype}. */
    private int fileType() {
        return switch (matrixType) {
            case F32 -> 0;
            case F16 -> 1;
            case Q8_0 -> 7;
            case BF16 -> 32;
            default -> throw new AssertionError(matrixType);
        };
    }

    private void tensors() {
        int hidden = shape.hidden();
        int query = shape.heads() * shape.headDim();
        int keyValue = shape.kvHeads() * shape.headDim();
        matrix("token_embd", hidden, shape.vocab());
        for (int layer = 0; layer < shape.layers(); layer++) {
            String block = "blk." + layer + ".";
            norm(block + "attn_norm");
            matrix(block + "attn_q", hidden, query);
            bias(block + "attn_q", query);
            matrix(block + "attn_k", hidden, keyValue);
            bias(block + "attn_k", keyValue);
            matrix(block + "attn_v", hidden, keyValue);
            bias(block + "attn_v", keyValue);
            matrix(block + "attn_output", query, hidden);
            norm(block + "ffn_norm");
            matrix(block + "ffn_gate", hidden, shape.intermediate());
            matrix(block + "ffn_up", hidden, shape.intermediate());
            matrix(block + "ffn_down", shape.intermediate(), hidden);
        }
        norm("output_norm");
        if (!shape.tiedEmbeddings()) {
            matrix("output", hidden, shape.vocab());
        }
    }

    private void matrix(String module, int in, int out) {
        // Correctly rounded by IEEE 754, unlike Math.pow and the like.
        random(module + ".weight", matrixType, List.of((long) in, (long) out), 0f, (float) (1 / Math.sqrt(in)));
    }

    private void norm(String module) {
        random(module + ".weight", GgmlType.F32, List.of((long) shape.hidden()), 1f, SMALL);
    }

    private void bias(String module, int width) {
        random(module + ".bias", GgmlType.F32, List.of((long) width), 0f, SMALL);
    }

    private void random(String name, GgmlType type, List<Long> dims, float mean, float deviation) {
        writer.tensor(name, type, dims, RandomTensor.of(seed, name, type, mean, deviation));
    }
}
