package org.dndllm.lora;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.HalfFloats;

/**
 * A LoRA adapter for a base model of a known shape: one rank and alpha for all, and for each touched (layer, module) the
 * pair A [r, in], B [out, r]. Validated when made, immutable afterwards, safe to share between threads.
 *
 * <p>Values are kept as floats whatever their stored type; {@link #dtype()} says which type holds every one of them
 * exactly, so that a file written in it loses nothing.
 */
public final class LoraWeights {
    private static final String SOURCE = "LoRA weights";
    private static final Comparator<LoraTensor> ORDER =
            Comparator.comparingInt(LoraTensor::layer).thenComparing(LoraTensor::module);

    private final BaseShape shape;
    private final int rank;
    private final float alpha;
    private final DType dtype;
    private final List<LoraTensor> tensors;
    private final Set<TargetModule> modules;
    private final float largest;

    private LoraWeights(
            BaseShape shape, int rank, float alpha, DType dtype, List<LoraTensor> tensors, Set<TargetModule> modules, float largest) {
        this.shape = shape;
        this.rank = rank;
        this.alpha = alpha;
        this.dtype = dtype;
        this.tensors = tensors;
        this.modules = modules;
        this.largest = largest;
    }

    /**
     * Checks and adopts the tensors, in any order; their arrays are not copied and must not change afterwards.
     *
     * @param alpha numerator of the scale; finite and not zero, since llama.cpp reads alpha 0 as scale 1
     * @param dtype F32, F16 or BF16: the type that the values are stored in
     * @throws InvalidInputException naming the tensor when a shape is wrong, a value is not finite, a (layer, module)
     *     occurs twice or lies outside the base model, or when there is no tensor at all
     */
    public static LoraWeights of(BaseShape shape, int rank, float alpha, DType dtype, List<LoraTensor> tensors) {
        requireScale(SOURCE, rank, alpha);
        if (dtype != DType.F32 && dtype != DType.F16 && dtype != DType.BF16) {
            throw new InvalidInputException(SOURCE, "dtype", dtype + " cannot hold an adapter; expected F32, F16 or BF16");
        }
        if (tensors.isEmpty()) {
            throw new InvalidInputException(SOURCE, "tensors", "none; an adapter must touch at least one module");
        }
        List<LoraTensor> sorted = new ArrayList<>(tensors);
        sorted.sort(ORDER);
        EnumSet<TargetModule> modules = EnumSet.noneOf(TargetModule.class);
        float largest = 0;
        for (int i = 0; i < sorted.size(); i++) {
            LoraTensor tensor = sorted.get(i);
            if (i > 0 && ORDER.compare(sorted.get(i - 1), tensor) == 0) {
                throw new InvalidInputException(SOURCE, tensor.label(), "occurs twice; expected one pair per module");
            }
            requireShape(shape, rank, tensor);
            largest = Math.max(largest, largestOf(tensor, "lora_A", tensor.a()));
            largest = Math.max(largest, largestOf(tensor, "lora_B", tensor.b()));
            modules.add(tensor.module());
        }
        return new LoraWeights(
                shape, rank, alpha, dtype, List.copyOf(sorted), Collections.unmodifiableSet(modules), largest);
    }

    /** The base model that this adapter is for. */
    public BaseShape shape() {
        return shape;
    }

    /** r. */
    public int rank() {
        return rank;
    }

    /** Numerator of the scale. */
    public float alpha() {
        return alpha;
    }

    /** alpha / r, the factor before B * A. */
    public float scale() {
        return alpha / rank;
    }

    /** The narrowest promise about the values: F32, F16 or BF16. */
    public DType dtype() {
        return dtype;
    }

    /** The pairs, sorted by layer, then by module in {@link TargetModule} order. */
    public List<LoraTensor> tensors() {
        return tensors;
    }

    /** The modules touched in at least one layer. */
    public Set<TargetModule> modules() {
        return modules;
    }

    /** Largest magnitude of any value. */
    public float largestMagnitude() {
        return largest;
    }

    /** Number of values in all A and B together. */
    public long parameters() {
        long count = 0;
        for (LoraTensor tensor : tensors) {
            count += tensor.a().length + (long) tensor.b().length;
        }
        return count;
    }

    /** The same weights under another alpha, and so another scale; the values are shared, not copied. */
    public LoraWeights withAlpha(float newAlpha) {
        requireScale(SOURCE, rank, newAlpha);
        return new LoraWeights(shape, rank, newAlpha, dtype, tensors, modules, largest);
    }

    /** The same weights under another scale: alpha becomes {@code scale * r}. */
    public LoraWeights withScale(float scale) {
        return withAlpha(scale * rank);
    }

    /**
     * Values rounded to nearest, ties to even, into another type; shared where that changes nothing.
     *
     * @throws InvalidInputException when a value exceeds the type's range (F16: 65504)
     */
    public LoraWeights withDtype(DType target) {
        if (target == dtype) {
            return this;
        }
        if (target == DType.F32) {
            return new LoraWeights(shape, rank, alpha, target, tensors, modules, largest);
        }
        List<LoraTensor> rounded = new ArrayList<>(tensors.size());
        for (LoraTensor tensor : tensors) {
            rounded.add(new LoraTensor(
                    tensor.layer(), tensor.module(), round(tensor.a(), target), round(tensor.b(), target)));
        }
        return of(shape, rank, alpha, target, rounded);
    }

    static void requireScale(String source, int rank, float alpha) {
        if (rank < 1) {
            throw new InvalidInputException(source, "rank", rank + " is not a rank; expected at least 1");
        }
        if (!Float.isFinite(alpha) || alpha == 0 || alpha / rank == 0) {
            throw new InvalidInputException(
                    source, "alpha", alpha + " gives no usable scale; expected a finite number other than 0");
        }
    }

    private static float[] round(float[] values, DType target) {
        float[] rounded = new float[values.length];
        switch (target) {
            case F16 -> {
                for (int i = 0; i < values.length; i++) {
                    rounded[i] = Float.float16ToFloat(Float.floatToFloat16(values[i]));
                }
            }
            case BF16 -> {
                for (int i = 0; i < values.length; i++) {
                    rounded[i] = HalfFloats.bf16ToFloat(HalfFloats.floatToBf16(values[i]));
                }
            }
            default -> throw new InvalidInputException(
                    SOURCE, "dtype", target + " cannot hold an adapter; expected F32, F16 or BF16");
        }
        return rounded;
    }

    private static void requireShape(BaseShape shape, int rank, LoraTensor tensor) {
        if (tensor.layer() < 0 || tensor.layer() >= shape.layers()) {
            throw new InvalidInputException(
                    SOURCE, tensor.label(), "the base model has layers 0 to " + (shape.layers() - 1));
        }
        requireLength(tensor, "lora_A", tensor.a(), rank, shape.in(tensor.module()));
        requireLength(tensor, "lora_B", tensor.b(), shape.out(tensor.module()), rank);
    }

    private static void requireLength(LoraTensor tensor, String which, float[] values, int rows, int columns) {
        if (values.length != (long) rows * columns) {
            throw new InvalidInputException(
                    SOURCE,
                    tensor.label() + " " + which,
                    values.length + " values; the base model and the rank ask for [" + rows + ", " + columns + "]");
        }
    }

    private static float largestOf(LoraTensor tensor, String which, float[] values) {
        float largest = Finite.largestMagnitude(values, 0, values.length);
        if (!Float.isFinite(largest)) {
            int at = Finite.firstBad(values);
            throw new InvalidInputException(
                    SOURCE, tensor.label() + " " + which, "value " + at + " is " + values[at] + "; expected finite numbers");
        }
        return largest;
    }
}
