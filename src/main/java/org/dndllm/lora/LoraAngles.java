package org.dndllm.lora;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.dndllm.InvalidInputException;

/**
 * Principal angles between what two adapters write (column spaces of B A) and read (row spaces), weight by weight. They say
 * whether two changes use the same directions, whatever they do in them. Spaces come from the singular vectors of the
 * changes, so the choice of A and B does not matter.
 *
 * <p>Source: Björck and Golub, Numerical Methods for Computing Angles Between Linear Subspaces, 1973: the cosines are the
 * singular values of the product of orthonormal bases.
 *
 * @param entries one per weight that both adapters change
 */
public record LoraAngles(List<Entry> entries) {
    /** Cosines up to this are 0: both bases are orthonormal to a few roundings. */
    private static final double ROUNDING = 1e-14;

    /**
     * One weight.
     *
     * @param written between column spaces
     * @param read between row spaces
     */
    public record Entry(ModuleName name, Angles written, Angles read) {}

    /**
     * Angles of two subspaces.
     *
     * @param cosines of the principal angles, descending, as many as the smaller space has dimensions
     * @param chance what {@link #overlap()} is on average for two random subspaces of these dimensions
     */
    public record Angles(List<Double> cosines, double chance) {
        /** Copies the cosines. */
        public Angles {
            cosines = List.copyOf(cosines);
        }

        /** Mean squared cosine: 1 where the smaller space lies in the other, 0 where they are at right angles. */
        public double overlap() {
            return cosines.stream()
                    .mapToDouble(cosine -> cosine * cosine)
                    .average()
                    .orElse(0);
        }
    }

    /** Copies the entries. */
    public LoraAngles {
        entries = List.copyOf(entries);
    }

    /**
     * Of two adapters.
     *
     * @throws InvalidInputException when they are for different base shapes
     */
    public static LoraAngles between(LoraWeights one, LoraWeights other) {
        if (!one.shape().equals(other.shape())) {
            throw new InvalidInputException(
                    "LoRA angles",
                    "base shape",
                    "the adapters are for different base models; compare adapters of one model");
        }
        Map<ModuleName, LoraTensor> pairs = new HashMap<>();
        other.tensors().forEach(pair -> pairs.put(new ModuleName(pair.layer(), pair.module()), pair));
        List<LoraTensor> shared = one.tensors().stream()
                .filter(pair -> pairs.containsKey(new ModuleName(pair.layer(), pair.module())))
                .toList();
        List<Entry> entries = new ArrayList<>(shared.parallelStream()
                .map(pair -> {
                    ModuleName name = new ModuleName(pair.layer(), pair.module());
                    return entry(
                            name, svd(one, pair), svd(other, Objects.requireNonNull(pairs.get(name))), one.shape());
                })
                .toList());
        entries.removeIf(entry -> entry.read().cosines().isEmpty()); // one of the two changes is zero
        return new LoraAngles(entries);
    }

    private static JacobiSvd svd(LoraWeights weights, LoraTensor pair) {
        return new DeltaFactors(weights.shape(), pair.module())
                .plus(pair, (double) weights.alpha() / weights.rank())
                .svd();
    }

    private static Entry entry(ModuleName name, JacobiSvd one, JacobiSvd other, BaseShape shape) {
        return new Entry(
                name,
                angles(one.left(), other.left(), shape.out(name.module())),
                angles(one.right(), other.right(), shape.in(name.module())));
    }

    /**
     * @param one orthonormal vectors [p][n]
     * @param other orthonormal vectors [q][n]
     */
    private static Angles angles(double[][] one, double[][] other, int n) {
        if (one.length == 0 || other.length == 0) {
            return new Angles(List.of(), 0);
        }
        double[][] products = new double[other.length][one.length];
        for (int j = 0; j < other.length; j++) {
            for (int i = 0; i < one.length; i++) {
                for (int at = 0; at < n; at++) {
                    products[j][i] += one[i][at] * other[j][at];
                }
            }
        }
        int dimensions = Math.min(one.length, other.length);
        double[] values =
                Arrays.copyOf(JacobiSvd.of(products, one.length, ROUNDING).values(), dimensions);
        return new Angles(
                Arrays.stream(values).map(cosine -> Math.min(cosine, 1)).boxed().toList(),
                Math.max(one.length, other.length) / (double) n);
    }
}
