package org.dndllm.lora;

import java.util.List;
import java.util.function.Consumer;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufWriter;

/**
 * Lays out a Qwen2 base model as a GGUF file: metadata, tensor names and their order as llama.cpp's converter writes them
 * for Qwen2.5 and for the language part of Qwen2.5-VL. The numbers come from the caller.
 */
public final class BaseGguf {
    /** Positions that Qwen2.5's published models were made for. */
    public static final int CONTEXT_LENGTH = 32768;
    /** Epsilon of Qwen2.5's norms. */
    public static final float RMS_EPSILON = 1e-6f;
    /** Base of Qwen2.5's rotary frequencies. */
    public static final float ROPE_BASE = 1e6f;

    private static final int QUANTIZATION_VERSION = 2;
    /** Two features for each of 2 + 3 + 3 parts of a head. */
    private static final int VISION_SECTIONS = 16;

    /**
     * What {@link BaseShape} leaves open.
     *
     * @param name {@code general.name}
     * @param description {@code general.description}
     * @param matrixType F32, F16, BF16 or Q8_0 for the matrices; norms and biases are F32
     * @param contextLength positions
     * @param ropeBase base of the rotary frequencies
     * @param rmsEpsilon epsilon of the norms
     */
    public record Settings(
            String name,
            String description,
            GgmlType matrixType,
            int contextLength,
            float ropeBase,
            float rmsEpsilon) {}

    /** What a tensor is for, which decides how one would initialise it. */
    public enum Role {
        MATRIX,
        NORM,
        BIAS
    }

    /** Gives each tensor its numbers. */
    @FunctionalInterface
    public interface Numbers {
        /**
         * @param name in the GGUF file
         * @param dims ggml's order, the contiguous one first
         */
        GgufWriter.TensorSource of(String name, Role role, GgmlType type, List<Long> dims);
    }

    private final BaseShape shape;
    private final GgmlType matrixType;
    private final Numbers numbers;
    private final GgufWriter writer = new GgufWriter();

    private BaseGguf(BaseShape shape, GgmlType matrixType, Numbers numbers) {
        this.shape = shape;
        this.matrixType = matrixType;
        this.numbers = numbers;
    }

    /**
     * The file before it is written.
     *
     * @param marks puts keys of its own after the general ones
     * @param vocabulary puts the {@code tokenizer.*} keys
     * @throws InvalidInputException when shape and type do not fit together
     */
    public static GgufWriter writer(
            BaseShape shape,
            Settings settings,
            Consumer<GgufWriter> marks,
            Consumer<GgufWriter> vocabulary,
            Numbers numbers) {
        check(shape, settings.matrixType());
        BaseGguf base = new BaseGguf(shape, settings.matrixType(), numbers);
        base.metadata(settings, marks);
        vocabulary.accept(base.writer);
        base.writer.putUint32("general.quantization_version", QUANTIZATION_VERSION);
        base.tensors();
        return base.writer;
    }

    private static void check(BaseShape shape, GgmlType type) {
        int query = shape.heads() * shape.headDim();
        for (int columns : List.of(shape.hidden(), shape.intermediate(), query)) {
            if (columns % type.blockSize() != 0) {
                throw fault(
                        "matrixType", type + " needs widths that are multiples of 32, not " + columns + "; use F16");
            }
        }
        int unit = isVision(shape) ? VISION_SECTIONS : 2;
        if (shape.headDim() % unit != 0) {
            throw fault("headDim", "is " + shape.headDim() + "; rotary positions need a multiple of " + unit);
        }
        switch (type) {
            case F32, F16, BF16, Q8_0 -> {}
            default -> throw fault("matrixType", "is " + type + "; expected F32, F16, BF16 or Q8_0");
        }
    }

    private static boolean isVision(BaseShape shape) {
        return shape.architecture().equals(BaseShape.QWEN2_VL);
    }

    private static InvalidInputException fault(String field, String problem) {
        return new InvalidInputException("<base model to write>", field, problem);
    }

    private void metadata(Settings settings, Consumer<GgufWriter> marks) {
        String model = shape.architecture() + ".";
        writer.put("general.architecture", shape.architecture())
                .put("general.type", "model")
                .put("general.name", settings.name())
                .put("general.description", settings.description());
        marks.accept(writer);
        writer.putUint32(model + "block_count", shape.layers())
                .putUint32(model + "context_length", settings.contextLength())
                .putUint32(model + "embedding_length", shape.hidden())
                .putUint32(model + "feed_forward_length", shape.intermediate())
                .putUint32(model + "attention.head_count", shape.heads())
                .putUint32(model + "attention.head_count_kv", shape.kvHeads())
                .putFloat32(model + "rope.freq_base", settings.ropeBase())
                .putFloat32(model + "attention.layer_norm_rms_epsilon", settings.rmsEpsilon());
        if (isVision(shape)) {
            // pairs of a head that turn with time, height and width, in Qwen2.5-VL's proportion
            int part = shape.headDim() / VISION_SECTIONS;
            writer.putInts(model + "rope.dimension_sections", new int[] {2 * part, 3 * part, 3 * part, 0});
        }
        if (shape.headDim() * shape.heads() != shape.hidden()) {
            writer.putUint32(model + "attention.key_length", shape.headDim())
                    .putUint32(model + "attention.value_length", shape.headDim());
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
        tensor(module + ".weight", Role.MATRIX, matrixType, List.of((long) in, (long) out));
    }

    private void norm(String module) {
        tensor(module + ".weight", Role.NORM, GgmlType.F32, List.of((long) shape.hidden()));
    }

    private void bias(String module, int width) {
        tensor(module + ".bias", Role.BIAS, GgmlType.F32, List.of((long) width));
    }

    private void tensor(String name, Role role, GgmlType type, List<Long> dims) {
        writer.tensor(name, type, dims, numbers.of(name, role, type, dims));
    }
}
