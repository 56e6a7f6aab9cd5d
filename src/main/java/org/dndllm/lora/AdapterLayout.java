package org.dndllm.lora;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.JsonValue;

/**
 * How an adapter is cut into weight tokens [T, R, W] and put together again, for any base shape, rank, chunk width and
 * set of modules.
 *
 * <p>Layers in order; within a layer the modules in {@link TargetModule} order; within a module A [r, in] cut along
 * {@code in}, then B transposed [r, out] cut along {@code out} (the order of arXiv 2506.16406 §3 and of the official
 * {@code tokenizer.py}, {@code register.py}). Each chunk is one token, of one of two forms:
 *
 * <p>{@link TokenForm#STANDARDIZED}, the official tokenisation: standardised by its own mean and unbiased standard
 * deviation, in the top left of R = r + 2 rows and W = chunk + 2 columns; {@link ScaleBorder} says how mean and deviation
 * are written into the last two rows and columns. A chunk that is narrower than the others (the last of a length that the
 * chunk width does not divide; none of the presets has one) leaves NaN, which {@link #mask()} marks. Statistics are
 * computed in double and tokens are floats, where the official code works in bfloat16: tokens agree to bfloat16 rounding,
 * and {@code detokenize(tokenize(w))} gives w to about 1e-6 of a chunk's deviation (plus 1e-7 absolute where that is
 * below 0.01) instead of 1e-2. A constant chunk (B as LoRA initialises it) becomes zeros with deviation 0, where the
 * official code divides by zero and yields NaN.
 *
 * <p>{@link TokenForm#PLAIN}: the values as they are, R = r and W = chunk, which divides every width; round trips in F32
 * are exact. Immutable and safe to share.
 */
public final class AdapterLayout {
    private static final String SOURCE = "adapter layout";

    private final BaseShape shape;
    private final int rank;
    private final float alpha;
    private final List<TargetModule> modules;
    private final int chunk;
    private final TokenForm form;
    private final int tokensPerLayer;

    private AdapterLayout(
            BaseShape shape, int rank, float alpha, List<TargetModule> modules, int chunk, TokenForm form) {
        this.shape = shape;
        this.rank = rank;
        this.alpha = alpha;
        this.modules = modules;
        this.chunk = chunk;
        this.form = form;
        this.tokensPerLayer = modules.stream().mapToInt(this::tokensOf).sum();
    }

    /**
     * A layout of any measure in the official, standardised form.
     *
     * @param modules which modules of every layer, in any order, none twice
     * @param chunk columns of a token without its border; even, because the border holds pairs
     * @throws InvalidInputException naming the argument that is out of range
     */
    public static AdapterLayout of(BaseShape shape, int rank, float alpha, List<TargetModule> modules, int chunk) {
        return of(shape, rank, alpha, modules, chunk, TokenForm.STANDARDIZED);
    }

    /**
     * A layout of any measure whose tokens are plain values.
     *
     * @param modules which modules of every layer, in any order, none twice
     * @param chunk columns of a token; divides the input and output features of every module
     * @throws InvalidInputException naming the argument that is out of range
     */
    public static AdapterLayout plain(BaseShape shape, int rank, float alpha, List<TargetModule> modules, int chunk) {
        return of(shape, rank, alpha, modules, chunk, TokenForm.PLAIN);
    }

    static AdapterLayout of(
            BaseShape shape, int rank, float alpha, List<TargetModule> modules, int chunk, TokenForm form) {
        LoraWeights.requireScale(SOURCE, rank, alpha);
        if (rank > BaseShape.MOST_FEATURES) {
            throw new InvalidInputException(
                    SOURCE, "rank", rank + " is too large; expected at most " + BaseShape.MOST_FEATURES);
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
        requireChunk(shape, set, chunk, form);
        AdapterLayout layout = new AdapterLayout(shape, rank, alpha, List.copyOf(set), chunk, form);
        long values = (long) layout.tokensPerLayer * shape.layers() * layout.rows() * layout.columns();
        if (values > Integer.MAX_VALUE - 8) {
            throw new InvalidInputException(
                    SOURCE,
                    "rank",
                    rank + " with chunk " + chunk + " needs " + values + " token values, more than a Java array holds");
        }
        return layout;
    }

    private static void requireChunk(BaseShape shape, Set<TargetModule> modules, int chunk, TokenForm form) {
        boolean pairs = form == TokenForm.STANDARDIZED;
        if (chunk < (pairs ? 2 : 1) || (pairs && chunk % 2 != 0) || chunk > BaseShape.MOST_FEATURES) {
            throw new InvalidInputException(
                    SOURCE,
                    "chunk",
                    chunk + " is no chunk width; expected " + (pairs ? "an even number from 2" : "a number from 1"));
        }
        if (form != TokenForm.PLAIN) {
            return;
        }
        for (TargetModule module : modules) {
            for (int width : new int[] {shape.in(module), shape.out(module)}) {
                if (width % chunk != 0) {
                    throw new InvalidInputException(
                            SOURCE,
                            "chunk",
                            chunk + " does not divide the " + width + " features of " + module.hfName()
                                    + "; plain tokens need a common divisor of all widths");
                }
            }
        }
    }

    /**
     * One of the six official targets, or the compact family's.
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

    /** The same cut for adapters of another scale. */
    public AdapterLayout withAlpha(float other) {
        LoraWeights.requireScale(SOURCE, rank, other);
        return new AdapterLayout(shape, rank, other, modules, chunk, form);
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

    /** Whether tokens are standardised with a scale border, or plain values. */
    public TokenForm form() {
        return form;
    }

    /** R, the rank and the border's rows. */
    public int rows() {
        return rank + form.border();
    }

    /** W, the chunk and the border's columns. */
    public int columns() {
        return chunk + form.border();
    }

    /** Number of token values, T * R * W. */
    public int size() {
        return tokens() * rows() * columns();
    }

    /** Tokens that one module of one layer takes. */
    public int tokensOf(TargetModule module) {
        return chunks(shape.in(module)) + chunks(shape.out(module));
    }

    /** Where the tokens of each module are: layers in order, within a layer {@link #modules()} in order. */
    public List<ModuleTokens> moduleTokens() {
        List<ModuleTokens> all = new ArrayList<>(shape.layers() * modules.size());
        int next = 0;
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : modules) {
                int countA = chunks(shape.in(module));
                int countB = chunks(shape.out(module));
                all.add(new ModuleTokens(layer, module, next, countA, next + countA, countB));
                next += countA + countB;
            }
        }
        return List.copyOf(all);
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
        TokenCutter cutter = new TokenCutter(this);
        List<ModuleTokens> places = moduleTokens();
        for (int i = 0; i < places.size(); i++) {
            cutter.cutA(weights.tensors().get(i).a(), places.get(i), tokens);
            cutter.cutB(weights.tensors().get(i).b(), places.get(i), tokens);
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
        TokenCutter cutter = new TokenCutter(this);
        for (ModuleTokens place : moduleTokens()) {
            float[] a = cutter.joinA(tokens, place);
            float[] b = cutter.joinB(tokens, place);
            pairs.add(new LoraTensor(place.layer(), place.module(), a, b));
        }
        return LoraWeights.of(shape, rank, alpha, DType.F32, pairs).withDtype(dtype);
    }

    /** Bits [T * R * W]: set where a token holds a value, clear where it is NaN padding. */
    public BitSet mask() {
        BitSet mask = new BitSet(size());
        mask.set(0, size());
        for (ModuleTokens place : moduleTokens()) {
            unmaskPadding(mask, place.firstA(), place.countA(), shape.in(place.module()));
            unmaskPadding(mask, place.firstB(), place.countB(), shape.out(place.module()));
        }
        return mask;
    }

    /** The layout as JSON members, for {@code bundle.json}. */
    public Map<String, Object> toJson() {
        return AdapterLayoutJson.write(this);
    }

    /**
     * The layout that {@link #toJson} wrote.
     *
     * @throws InvalidInputException naming the member that is missing or wrong
     */
    public static AdapterLayout fromJson(JsonValue.Obj json) {
        return AdapterLayoutJson.read(json);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AdapterLayout layout
                && shape.equals(layout.shape)
                && rank == layout.rank
                && Float.compare(alpha, layout.alpha) == 0
                && modules.equals(layout.modules)
                && chunk == layout.chunk
                && form == layout.form;
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(new Object[] {shape, rank, alpha, modules, chunk, form});
    }

    @Override
    public String toString() {
        return "AdapterLayout[T=" + tokens() + ", R=" + rows() + ", W=" + columns() + ", rank=" + rank + ", "
                + form.jsonName() + ", " + modules + "]";
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

    private void unmaskPadding(BitSet mask, int first, int count, int length) {
        int last = first + count - 1;
        int width = length - (count - 1) * chunk;
        for (int r = 0; r < rank; r++) {
            int row = (last * rows() + r) * columns();
            mask.clear(row + width, row + chunk);
        }
    }
}
