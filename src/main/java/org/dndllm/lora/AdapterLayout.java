package org.dndllm.lora;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.JsonValue;

/**
 * How an adapter is cut into weight tokens [T, R, W] and put together again: the official tokenisation (arXiv 2506.16406
 * §3; official code {@code tokenizer.py}, {@code register.py}), for any base shape, rank, chunk width and set of modules.
 *
 * <p>Layers in order; within a layer the modules in {@link TargetModule} order; within a module A [r, in] cut along
 * {@code in}, then B transposed [r, out] cut along {@code out}. Each chunk is one token: standardised by its own mean and
 * unbiased standard deviation, in the top left of R = r + 2 rows and W = chunk + 2 columns; {@link ScaleBorder} says how
 * mean and deviation are written into the last two rows and columns. A chunk that is narrower than the others (the last
 * of a length that the chunk width does not divide; none of the presets has one) leaves NaN, which {@link #mask()} marks.
 *
 * <p>Statistics are computed in double and tokens are floats, where the official code works in bfloat16: tokens agree to
 * bfloat16 rounding, and {@code detokenize(tokenize(w))} gives w to about 1e-6 of a chunk's deviation (plus 1e-7 absolute
 * where that is below 0.01) instead of 1e-2. A constant chunk (B as LoRA initialises it) becomes zeros with deviation 0,
 * where the official code divides by zero and yields NaN. Immutable and safe to share.
 */
public final class AdapterLayout {
    private static final String SOURCE = "adapter layout";
    private static final int FORMAT = 1;

    private final BaseShape shape;
    private final int rank;
    private final float alpha;
    private final List<TargetModule> modules;
    private final int chunk;
    private final int tokensPerLayer;

    private AdapterLayout(BaseShape shape, int rank, float alpha, List<TargetModule> modules, int chunk) {
        this.shape = shape;
        this.rank = rank;
        this.alpha = alpha;
        this.modules = modules;
        this.chunk = chunk;
        this.tokensPerLayer = modules.stream().mapToInt(this::tokensOf).sum();
    }

    /**
     * A layout of any measure.
     *
     * @param modules which modules of every layer, in any order, none twice
     * @param chunk columns of a token without its border; even, because the border holds pairs
     * @throws InvalidInputException naming the argument that is out of range
     */
    public static AdapterLayout of(BaseShape shape, int rank, float alpha, List<TargetModule> modules, int chunk) {
        LoraWeights.requireScale(SOURCE, rank, alpha);
        if (rank > BaseShape.MOST_FEATURES) {
            throw new InvalidInputException(
                    SOURCE, "rank", rank + " is too large; expected at most " + BaseShape.MOST_FEATURES);
        }
        if (chunk < 2 || chunk % 2 != 0 || chunk > BaseShape.MOST_FEATURES) {
            throw new InvalidInputException(
                    SOURCE, "chunk", chunk + " is no chunk width; expected an even number from 2");
        }
        EnumSet<TargetModule> set = EnumSet.noneOf(TargetModule.class);
        for (TargetModule module : modules) {
            if (!set.add(module)) {
                throw new InvalidInputException(SOURCE, "modules", module.hfName() + " occurs twice");
            }
        }
        if (set.isEmpty()) {
            throw new InvalidInputException(SOURCE, "modules", "none; expected at least one target module");
        }
        AdapterLayout layout = new AdapterLayout(shape, rank, alpha, List.copyOf(set), chunk);
        long values = (long) layout.tokensPerLayer * shape.layers() * layout.rows() * layout.columns();
        if (values > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException(
                    SOURCE,
                    "rank",
                    rank + " with chunk " + chunk + " needs " + values + " token values, more than a Java array holds");
        }
        return layout;
    }

    /**
     * One of the six official targets.
     *
     * @throws InvalidInputException listing the names when there is no such preset
     */
    public static AdapterLayout preset(String name) {
        return LayoutPreset.byName(name)
                .orElseThrow(() -> new InvalidInputException(
                        SOURCE,
                        "preset",
                        "'" + name + "' is unknown; expected one of " + String.join(", ", presetNames())))
                .layout();
    }

    /** The names that {@link #preset} takes. */
    public static List<String> presetNames() {
        return Arrays.stream(LayoutPreset.values())
                .map(LayoutPreset::presetName)
                .toList();
    }

    public BaseShape shape() {
        return shape;
    }

    /** r. */
    public int rank() {
        return rank;
    }

    public float alpha() {
        return alpha;
    }

    /** The modules touched in every layer, in {@link TargetModule} order. */
    public List<TargetModule> modules() {
        return modules;
    }

    /** Columns of a token without its border. */
    public int chunk() {
        return chunk;
    }

    /** T, the number of weight tokens. */
    public int tokens() {
        return tokensPerLayer * shape.layers();
    }

    /** R, rank + 2. */
    public int rows() {
        return rank + ScaleBorder.WIDTH;
    }

    /** W, chunk + 2. */
    public int columns() {
        return chunk + ScaleBorder.WIDTH;
    }

    /** Number of token values, T * R * W. */
    public int size() {
        return tokens() * rows() * columns();
    }

    /** Tokens that one module of one layer takes. */
    public int tokensOf(TargetModule module) {
        return chunks(shape.in(module)) + chunks(shape.out(module));
    }

    /** Whether the adapter has exactly the base shape, rank and modules that this layout cuts. */
    public boolean fits(LoraWeights weights) {
        return misfit(weights).isEmpty();
    }

    /**
     * Cuts an adapter into tokens.
     *
     * @return [T, R, W] row-major, NaN where a narrow chunk leaves a token empty
     * @throws InvalidInputException when the adapter has another shape, rank or set of modules
     */
    public float[] tokenize(LoraWeights weights) {
        misfit(weights).ifPresent(problem -> {
            throw new InvalidInputException("LoRA weights", "layout", problem);
        });
        float[] tokens = new float[size()];
        Arrays.fill(tokens, Float.NaN);
        int next = 0;
        for (LoraTensor pair : weights.tensors()) {
            next = cutA(pair.a(), shape.in(pair.module()), tokens, next);
            next = cutB(pair.b(), shape.out(pair.module()), tokens, next);
        }
        return tokens;
    }

    /**
     * Puts an adapter together from tokens.
     *
     * @param tokens [T, R, W] row-major; values at NaN positions of the mask are not looked at
     * @param dtype F32, F16 or BF16: what the values are rounded to (the official code saves BF16)
     * @throws InvalidInputException when the number of values is wrong, or naming the module where a token gives a weight
     *     that is not finite
     */
    public LoraWeights detokenize(float[] tokens, DType dtype) {
        if (tokens.length != size()) {
            throw new InvalidInputException(
                    "weight tokens",
                    "shape",
                    tokens.length + " values; the layout asks for [" + tokens() + ", " + rows() + ", " + columns()
                            + "]");
        }
        List<LoraTensor> pairs = new ArrayList<>(shape.layers() * modules.size());
        int next = 0;
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : modules) {
                float[] a = new float[rank * shape.in(module)];
                float[] b = new float[shape.out(module) * rank];
                next = joinA(tokens, next, a, shape.in(module));
                next = joinB(tokens, next, b, shape.out(module));
                pairs.add(new LoraTensor(layer, module, a, b));
            }
        }
        return LoraWeights.of(shape, rank, alpha, DType.F32, pairs).withDtype(dtype);
    }

    /** Bits [T * R * W]: set where a token holds a value, clear where it is NaN padding. */
    public BitSet mask() {
        BitSet mask = new BitSet(size());
        mask.set(0, size());
        int next = 0;
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : modules) {
                next = unmaskPadding(mask, next, shape.in(module));
                next = unmaskPadding(mask, next, shape.out(module));
            }
        }
        return mask;
    }

    /** The layout as JSON members, for {@code bundle.json}. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("format", FORMAT);
        json.put("base", BaseShapeJson.write(shape));
        json.put("rank", rank);
        json.put("alpha", alpha);
        json.put("modules", modules.stream().map(TargetModule::hfName).toList());
        json.put("chunk", chunk);
        json.put("tokens", tokens());
        return json;
    }

    /**
     * The layout that {@link #toJson} wrote.
     *
     * @throws InvalidInputException naming the member that is missing or wrong
     */
    public static AdapterLayout fromJson(JsonValue.Obj json) {
        if (json.integer("format") != FORMAT) {
            throw new InvalidInputException(
                    json.source(), json.pathOf("format"), "is " + json.integer("format") + "; expected " + FORMAT);
        }
        List<TargetModule> modules = new ArrayList<>();
        for (String name : json.array("modules").strings()) {
            modules.add(TargetModule.byHfName(name)
                    .orElseThrow(() -> new InvalidInputException(
                            json.source(), json.pathOf("modules"), "'" + name + "' is not a module of Qwen2")));
        }
        BaseShape shape = BaseShapeJson.read(json.object("base"));
        int rank = json.int32("rank");
        float alpha = (float) json.number("alpha");
        int chunk = json.int32("chunk");
        AdapterLayout layout = BaseShapeJson.placed(json, () -> of(shape, rank, alpha, modules, chunk));
        if (json.integer("tokens") != layout.tokens()) {
            throw new InvalidInputException(
                    json.source(),
                    json.pathOf("tokens"),
                    "is " + json.integer("tokens") + ", but the other members give " + layout.tokens());
        }
        return layout;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AdapterLayout layout
                && shape.equals(layout.shape)
                && rank == layout.rank
                && Float.compare(alpha, layout.alpha) == 0
                && modules.equals(layout.modules)
                && chunk == layout.chunk;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(new Object[] {shape, rank, alpha, modules, chunk});
    }

    @Override
    public String toString() {
        return "AdapterLayout[T=" + tokens() + ", R=" + rows() + ", W=" + columns() + ", rank=" + rank + ", " + modules
                + "]";
    }

    private Optional<String> misfit(LoraWeights weights) {
        if (!weights.shape().equals(shape)) {
            return Optional.of("is for " + weights.shape() + "; the layout is for " + shape);
        }
        if (weights.rank() != rank) {
            return Optional.of("has rank " + weights.rank() + "; the layout has " + rank);
        }
        if (weights.scale() != alpha / rank) {
            return Optional.of("has alpha " + weights.alpha() + "; the layout has " + alpha);
        }
        boolean complete = weights.tensors().size() == shape.layers() * modules.size()
                && weights.modules().equals(EnumSet.copyOf(modules));
        return complete
                ? Optional.empty()
                : Optional.of("touches " + weights.tensors().size() + " modules " + weights.modules()
                        + "; the layout takes " + modules + " of all " + shape.layers() + " layers");
    }

    private int chunks(int length) {
        return Math.ceilDiv(length, chunk);
    }

    private int width(int length, int index) {
        return Math.min(chunk, length - index * chunk);
    }

    /** A [r, in] into tokens from number {@code next}; returns the number of the token after them. */
    private int cutA(float[] a, int in, float[] tokens, int next) {
        for (int c = 0; c < chunks(in); c++, next++) {
            int width = width(in, c);
            int token = next * rows() * columns();
            for (int r = 0; r < rank; r++) {
                System.arraycopy(a, r * in + c * chunk, tokens, token + r * columns(), width);
            }
            standardize(tokens, token, width);
        }
        return next;
    }

    /** B [out, r], transposed, into tokens from number {@code next}. */
    private int cutB(float[] b, int out, float[] tokens, int next) {
        for (int c = 0; c < chunks(out); c++, next++) {
            int width = width(out, c);
            int token = next * rows() * columns();
            for (int column = 0; column < width; column++) {
                int from = (c * chunk + column) * rank;
                for (int r = 0; r < rank; r++) {
                    tokens[token + r * columns() + column] = b[from + r];
                }
            }
            standardize(tokens, token, width);
        }
        return next;
    }

    private void standardize(float[] tokens, int token, int width) {
        ScaleBorder.Statistics scale = ScaleBorder.standardize(tokens, token, rank, width, columns());
        ScaleBorder.write(tokens, token, rows(), columns(), scale);
    }

    private int joinA(float[] tokens, int next, float[] a, int in) {
        for (int c = 0; c < chunks(in); c++, next++) {
            int width = width(in, c);
            int token = next * rows() * columns();
            ScaleBorder.Statistics scale = ScaleBorder.read(tokens, token, rows(), columns());
            for (int r = 0; r < rank; r++) {
                int from = token + r * columns();
                int to = r * in + c * chunk;
                for (int column = 0; column < width; column++) {
                    a[to + column] = tokens[from + column] * scale.deviation() + scale.mean();
                }
            }
        }
        return next;
    }

    private int joinB(float[] tokens, int next, float[] b, int out) {
        for (int c = 0; c < chunks(out); c++, next++) {
            int width = width(out, c);
            int token = next * rows() * columns();
            ScaleBorder.Statistics scale = ScaleBorder.read(tokens, token, rows(), columns());
            for (int column = 0; column < width; column++) {
                int to = (c * chunk + column) * rank;
                for (int r = 0; r < rank; r++) {
                    b[to + r] = tokens[token + r * columns() + column] * scale.deviation() + scale.mean();
                }
            }
        }
        return next;
    }

    private int unmaskPadding(BitSet mask, int next, int length) {
        int last = next + chunks(length) - 1;
        int width = width(length, chunks(length) - 1);
        IntStream.range(0, rank)
                .map(r -> (last * rows() + r) * columns())
                .forEach(row -> mask.clear(row + width, row + chunk));
        return last + 1;
    }
}
