package org.dndllm.lora;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.LongFunction;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.GgufWriter;
import org.dndllm.format.HalfFloats;
import org.dndllm.format.Q8Zero;

/**
 * LoRA adapters as llama.cpp loads them: {@code general.type = adapter}, {@code adapter.type = lora}, {@code
 * adapter.lora.alpha}, and for each touched weight {@code blk.N.attn_q.weight.lora_a} of ggml dims [in, r] and {@code
 * .lora_b} of dims [r, out], which are A [r, in] and B [out, r] row-major. Source: llama.cpp's {@code
 * convert_lora_to_gguf.py} and {@code llama-adapter.cpp}.
 */
public final class GgufAdapter {
    static final String ALPHA_KEY = "adapter.lora.alpha";

    static final String QUANTIZATION_KEY = "general.quantization_version";
    static final int QUANTIZATION_VERSION = 2; // ggml.h: GGML_QNT_VERSION
    static final String LORA_A = ".lora_a";
    static final String LORA_B = ".lora_b";

    private static final ValueLayout.OfFloat LE_FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final float LARGEST_F16 = 65_504;

    private GgufAdapter() {}

    /**
     * Writes an adapter into fresh native memory in one pass, each value converted straight to its final place.
     *
     * @param type F32, F16, BF16 or Q8_0. Q8_0 needs rows of whole blocks of 32: a tensor whose row is not (B has rows of r
     *     values, A rows of {@code in}) is stored as F16 instead
     * @param arena owns the memory
     * @throws InvalidInputException when a value exceeds the range of F16 and the type asks for it
     */
    public static MemorySegment toMemory(LoraWeights weights, GgmlType type, Arena arena) {
        return writer(weights, type).toMemory(arena);
    }

    /**
     * As {@link #toMemory(LoraWeights, GgmlType, Arena)}, into memory that is kept for reuse: fresh pages cost more than
     * the conversion.
     *
     * @return the part of the memory that the adapter takes
     * @throws IllegalArgumentException when it is smaller than {@link #size}
     */
    public static MemorySegment toMemory(LoraWeights weights, GgmlType type, MemorySegment memory) {
        return writer(weights, type).toMemory(memory);
    }

    /** As above, for a caller that wants to know the size before it hands over the memory. */
    public static MemorySegment toMemory(LoraWeights weights, GgmlType type, LongFunction<MemorySegment> room) {
        return writer(weights, type).toMemory(room);
    }

    /** Bytes that the adapter takes as GGUF. */
    public static long size(LoraWeights weights, GgmlType type) {
        return writer(weights, type).size();
    }

    /** Writes an adapter to a file, whole or not at all; types as in {@link #toMemory(LoraWeights, GgmlType, Arena)}. */
    public static void write(Path file, LoraWeights weights, GgmlType type) {
        writer(weights, type).write(file);
    }

    /** The type that holds an adapter's values exactly. */
    public static GgmlType exactType(LoraWeights weights) {
        return switch (weights.dtype()) {
            case F16 -> GgmlType.F16;
            case BF16 -> GgmlType.BF16;
            default -> GgmlType.F32;
        };
    }

    /**
     * Reads an adapter for a base model of that shape, exactly. The weights' type is the tensors' common one, F32 when
     * they differ or are Q8_0. The file may be closed afterwards.
     *
     * @throws InvalidInputException when {@link #validate} refuses it, when it touches the embedding or output, or when
     *     its ranks differ
     */
    public static LoraWeights read(GgufFile adapter, BaseShape shape) {
        AdapterSummary summary = summary(adapter, shape);
        if (summary.lowestRank() != summary.highestRank()) {
            throw new InvalidInputException(
                    adapter.source(),
                    "tensors",
                    "have ranks from " + summary.lowestRank() + " to " + summary.highestRank()
                            + ", which can be attached but not edited; bring them to one with dnd lora canonicalize");
        }
        return mixed(adapter, shape, summary).groups().getFirst();
    }

    /** Reads an adapter whose modules may differ in rank; otherwise as {@link #read}. */
    public static MixedLora readMixed(GgufFile adapter, BaseShape shape) {
        return mixed(adapter, shape, summary(adapter, shape));
    }

    private static AdapterSummary summary(GgufFile adapter, BaseShape shape) {
        AdapterSummary summary = validate(adapter, BaseTensors.of(shape));
        if (summary.outerWeights()) {
            throw new InvalidInputException(
                    adapter.source(), "tensors", "touch the embedding or output, which can be attached but not edited");
        }
        return summary;
    }

    /** llama.cpp divides alpha by the rank of each pair ({@code llama-adapter.h: get_scale}). */
    private static MixedLora mixed(GgufFile adapter, BaseShape shape, AdapterSummary summary) {
        List<MixedLora.Scaled> pairs = new ArrayList<>(summary.pairs());
        for (GgufTensor a : adapter.tensors()) {
            if (a.name().endsWith(LORA_A)) {
                String weight = a.name().substring(0, a.name().length() - LORA_A.length());
                ModuleName name = ModuleName.parse(weight).orElseThrow();
                GgufTensor b = adapter.tensor(weight + LORA_B).orElseThrow();
                int rank = Math.toIntExact(b.dims().getFirst());
                pairs.add(new MixedLora.Scaled(
                        new LoraTensor(name.layer(), name.module(), a.toFloats(), b.toFloats()),
                        new MixedLora.Scale(rank, summary.alpha())));
            }
        }
        return MixedLora.of(shape, dtype(summary.types()), pairs);
    }

    /**
     * Refuses every adapter that llama.cpp would abort on, crash on or accept in silence without doing what it says.
     * Reads all data once, to find values that are not finite.
     *
     * @throws InvalidInputException naming the key or tensor
     */
    public static AdapterSummary validate(GgufFile adapter, BaseTensors base) {
        return new AdapterCheck(adapter, base).run();
    }

    private static DType dtype(Set<GgmlType> types) {
        if (types.equals(Set.of(GgmlType.F16))) {
            return DType.F16;
        }
        return types.equals(Set.of(GgmlType.BF16)) ? DType.BF16 : DType.F32;
    }

    /**
     * The file of any adapter of a layout without its values, for whoever has them in its own order and type already.
     *
     * @param type F32, F16 or BF16
     * @throws InvalidInputException when the type is none of these
     */
    public static AdapterFrame frame(AdapterLayout layout, GgmlType type) {
        if (type != GgmlType.F32 && type != GgmlType.F16 && type != GgmlType.BF16) {
            throw new InvalidInputException(
                    "adapter frame", "type", type + " has blocks of values; choose F32, F16 or BF16");
        }
        GgufWriter writer = head(layout.shape().architecture(), layout.alpha());
        long rank = layout.rank();
        for (ModuleTokens place : layout.moduleTokens()) {
            String name = new ModuleName(place.layer(), place.module()).weight();
            long in = layout.shape().in(place.module());
            long out = layout.shape().out(place.module());
            writer.tensor(name + LORA_A, type, List.of(in, rank), destination -> {});
            writer.tensor(name + LORA_B, type, List.of(rank, out), destination -> {});
        }
        return new AdapterFrame(type, writer.header(), writer.offsets(), writer.dataSize());
    }

    /** A file of an adapter for that architecture, without tensors. */
    static GgufWriter head(String architecture, float alpha) {
        return new GgufWriter()
                .put("general.architecture", architecture)
                .put("general.type", "adapter")
                .put("adapter.type", "lora")
                .putFloat32(ALPHA_KEY, alpha);
    }

    private static GgufWriter writer(LoraWeights weights, GgmlType type) {
        requireType(weights, type);
        GgufWriter writer = head(weights.shape().architecture(), weights.alpha());
        if (type == GgmlType.Q8_0) {
            writer.putUint32(QUANTIZATION_KEY, QUANTIZATION_VERSION);
        }
        long rank = weights.rank();
        for (LoraTensor pair : weights.tensors()) {
            String name = new ModuleName(pair.layer(), pair.module()).weight();
            long in = weights.shape().in(pair.module());
            long out = weights.shape().out(pair.module());
            add(writer, name + LORA_A, type, List.of(in, rank), pair.a());
            add(writer, name + LORA_B, type, List.of(rank, out), pair.b());
        }
        return writer;
    }

    private static void requireType(LoraWeights weights, GgmlType type) {
        switch (type) {
            case F32, BF16 -> {}
            case F16, Q8_0 -> {
                if (weights.largestMagnitude() > LARGEST_F16) {
                    throw new InvalidInputException(
                            "LoRA weights",
                            "type",
                            "a value of magnitude " + weights.largestMagnitude() + " does not fit F16; choose F32");
                }
            }
            default ->
                throw new InvalidInputException(
                        "LoRA weights", "type", type + " is not written for adapters; choose F32, F16, BF16 or Q8_0");
        }
    }

    private static void add(GgufWriter writer, String name, GgmlType type, List<Long> dims, float[] values) {
        GgmlType fitting = dims.getFirst() % type.blockSize() == 0 ? type : GgmlType.F16;
        writer.tensor(name, fitting, dims, destination -> {
            switch (fitting) {
                case F32 -> MemorySegment.copy(values, 0, destination, LE_FLOAT, 0, values.length);
                case F16 -> HalfFloats.toF16(values, 0, destination, 0, values.length);
                case BF16 -> HalfFloats.toBf16(values, 0, destination, 0, values.length);
                case Q8_0 -> Q8Zero.quantize(values, 0, destination, 0, values.length);
                default -> throw new AssertionError(fitting);
            }
        });
    }
}
