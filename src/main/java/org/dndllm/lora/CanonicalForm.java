package org.dndllm.lora;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;

/**
 * One rank, alpha and set of modules, and one choice among the endless pairs (B G, G⁻¹ A) that change a weight alike: what
 * makes adapters of different origin comparable, so that a generator can be trained on them.
 *
 * <p>The change {@code scale * B * A} = U diag(s) Vᵀ is cut to its first {@code rank} singular triples, which no other pair
 * of that rank comes nearer to (Eckart and Young, 1936). Row k of A is then {@code sqrt(s_k / |scale|) v_k}, column k of B
 * {@code ± sqrt(s_k / |scale|) u_k}: both of one length, in order of descending s; where the largest entry of a row of A would
 * be smaller than the magnitude of its smallest, both change signs; what the change does not fill is exactly zero. This
 * fixes the pair wherever singular values differ. Equal ones leave a rotation open, which the input then decides.
 *
 * <p>A pair that has the rank, alpha and form already, up to the rounding of the type that it is stored in, is kept bit for
 * bit: a second pass changes nothing.
 *
 * @param rank r; at most the smaller side of every module, beyond which it could hold nothing more
 * @param alpha numerator of the scale
 * @param modules that may be touched
 * @param complete whether a module that the source does not touch becomes a pair of zeros in every layer; otherwise it
 *     stays untouched
 */
public record CanonicalForm(int rank, float alpha, Set<TargetModule> modules, boolean complete) {
    /** The source of every refusal of a form. */
    public static final String SOURCE = "adapter form";

    /** Checks the values. */
    public CanonicalForm {
        LoraWeights.requireScale(SOURCE, rank, alpha);
        if (Math.abs(alpha / rank) > AdapterCheck.LARGEST_SCALE || Math.abs(alpha / rank) < Float.MIN_NORMAL) {
            throw new InvalidInputException(
                    SOURCE,
                    "alpha",
                    alpha + " makes the scale " + alpha / rank + "; expected a magnitude up to "
                            + AdapterCheck.LARGEST_SCALE);
        }
        if (modules.isEmpty()) {
            throw new InvalidInputException(SOURCE, "modules", "none; expected at least one target module");
        }
        modules = Collections.unmodifiableSet(EnumSet.copyOf(modules));
    }

    /** Another rank, all else as it is: the modules of the adapter and its scale. */
    public static CanonicalForm ofRank(int rank, LoraWeights like) {
        LoraWeights.requireScale(SOURCE, rank, like.alpha());
        float alpha = (float) ((double) like.alpha() / like.rank() * rank);
        return new CanonicalForm(rank, alpha, like.modules(), false);
    }

    /**
     * The smallest rank that keeps a share of the adapter's squared norm, all modules together: at least 1.
     *
     * @param energy above 0, at most 1; 1 asks for all that is above rounding
     */
    public static int rankFor(LoraWeights weights, double energy) {
        if (!(energy > 0 && energy <= 1)) {
            throw new InvalidInputException(SOURCE, "energy", energy + " is no share; expected above 0, at most 1");
        }
        double[] squares = new double[weights.rank()]; // of the singular values, by their place
        List<double[]> values = weights.tensors().parallelStream()
                .map(pair -> factors(weights, pair).values())
                .toList();
        for (double[] each : values) {
            for (int k = 0; k < each.length; k++) {
                squares[k] += each[k] * each[k];
            }
        }
        double total = 0;
        for (double square : squares) {
            total += square;
        }
        double lost = 0;
        int rank = squares.length;
        while (rank > 1 && lost + squares[rank - 1] <= (1 - energy) * total) {
            lost += squares[--rank];
        }
        return rank;
    }

    /**
     * The nearest adapter of this form. Values are F32, or in the source's type where every pair had the form already;
     * pairs of modules outside the form are left out.
     *
     * @throws InvalidInputException when the rank exceeds the smaller side of a module, or when the source touches none of
     *     the modules
     */
    public LoraWeights of(LoraWeights source) {
        return of(MixedLora.of(source));
    }

    /** As above, of an adapter whose modules may differ in rank and alpha. */
    public LoraWeights of(MixedLora source) {
        BaseShape shape = source.shape();
        requireRank(shape);
        List<Touched> touched = source.groups().stream()
                .flatMap(group -> group.tensors().stream().map(pair -> new Touched(group, pair)))
                .filter(each -> modules.contains(each.pair().module()))
                .toList();
        if (touched.isEmpty()) {
            throw new InvalidInputException(
                    SOURCE,
                    "modules",
                    names(modules) + " are none of the adapter's, which touches " + names(source.modules())
                            + "; choose some of those");
        }
        Gauge gauge = new Gauge(shape, rank, alpha);
        // Pairs are independent of each other, so the result does not depend on the threads.
        List<LoraTensor> pairs =
                touched.parallelStream().map(each -> pair(gauge, each)).toList();
        List<LoraTensor> all = new ArrayList<>(pairs);
        if (complete) {
            absent(source).forEach(name -> all.add(zeros(name, shape, rank)));
        }
        // Records compare arrays by identity: equal lists are the very same pairs, which one group alone can have.
        boolean unchanged = pairs.equals(touched.stream().map(Touched::pair).toList());
        DType dtype = unchanged ? touched.getFirst().group().dtype() : DType.F32;
        return LoraWeights.of(shape, rank, alpha, dtype, all);
    }

    /** A pair of the source and the weights that give it rank and scale. */
    private record Touched(LoraWeights group, LoraTensor pair) {}

    private LoraTensor pair(Gauge gauge, Touched each) {
        LoraWeights group = each.group();
        LoraTensor pair = each.pair();
        boolean sameMeasures = group.rank() == rank && group.alpha() == alpha;
        return sameMeasures && gauge.holds(pair, group.dtype())
                ? pair
                : gauge.pair(pair.layer(), pair.module(), factors(group, pair).svd());
    }

    /** The form's modules that an adapter does not touch, layer by layer. */
    public List<ModuleName> absent(MixedLora source) {
        Set<ModuleName> names = new LinkedHashSet<>();
        for (int layer = 0; layer < source.shape().layers(); layer++) {
            for (TargetModule module : modules) {
                names.add(new ModuleName(layer, module));
            }
        }
        source.names().forEach(names::remove);
        return List.copyOf(names);
    }

    /** What an adapter touches outside the form's modules, layer by layer. */
    public List<ModuleName> extra(MixedLora source) {
        return source.names().stream()
                .filter(name -> !modules.contains(name.module()))
                .toList();
    }

    private void requireRank(BaseShape shape) {
        for (TargetModule module : modules) {
            int smaller = Math.min(shape.in(module), shape.out(module));
            if (rank > smaller) {
                throw new InvalidInputException(
                        SOURCE,
                        "rank",
                        rank + " is more than " + module.hfName() + " [" + shape.out(module) + ", " + shape.in(module)
                                + "] can hold; expected at most " + smaller);
            }
        }
    }

    private static DeltaFactors factors(LoraWeights weights, LoraTensor pair) {
        return new DeltaFactors(weights.shape(), pair.module()).plus(pair, (double) weights.alpha() / weights.rank());
    }

    private static LoraTensor zeros(ModuleName name, BaseShape shape, int rank) {
        return new LoraTensor(
                name.layer(),
                name.module(),
                new float[rank * shape.in(name.module())],
                new float[shape.out(name.module()) * rank]);
    }

    private static String names(Set<TargetModule> modules) {
        return modules.stream().map(TargetModule::hfName).toList().toString();
    }
}
