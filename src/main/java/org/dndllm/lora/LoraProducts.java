package org.dndllm.lora;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.jspecify.annotations.Nullable;

/**
 * Inner products of the changes {@code scale * B * A} of one list of adapters with those of another, per module over all
 * layers. No change is formed: the product of two of them is the sum over k and l of {@code (b_k . b'_l)(a_k . a'_l)}, with
 * b the columns of B and a the rows of A. What an adapter does not touch counts as zero. In double.
 *
 * @param byModule per module [rows][columns], in {@link TargetModule} order; not copied, not to be changed
 */
public record LoraProducts(Map<TargetModule, double[][]> byModule) {

    /**
     * Multiplies every adapter of one list with every one of the other; the lists may be the same.
     *
     * @throws InvalidInputException when the adapters are for different base shapes, or a list is empty
     */
    public static LoraProducts of(List<LoraWeights> rows, List<LoraWeights> columns) {
        requireAlike(rows, columns);
        Map<ModuleName, Sides> places = new LinkedHashMap<>();
        collect(rows, columns.size(), true, places);
        collect(columns, rows.size(), false, places);
        List<Map.Entry<ModuleName, Sides>> all = new ArrayList<>(places.entrySet());
        // Each place is summed by one thread and the places are added in order: the threads do not show in the result.
        List<double[][]> products = all.parallelStream()
                .map(place -> place.getValue().products(rows.size(), columns.size()))
                .toList();
        Map<TargetModule, double[][]> sums = new EnumMap<>(TargetModule.class);
        for (int i = 0; i < products.size(); i++) {
            add(
                    products.get(i),
                    sums.computeIfAbsent(
                            all.get(i).getKey().module(), module -> new double[rows.size()][columns.size()]));
        }
        return new LoraProducts(sums);
    }

    /** All modules together: [rows][columns]. */
    public double[][] total() {
        double[][] first = byModule.values().iterator().next();
        double[][] total = new double[first.length][first[0].length];
        byModule.values().forEach(part -> add(part, total));
        return total;
    }

    private static void add(double[][] part, double[][] sum) {
        for (int row = 0; row < sum.length; row++) {
            for (int column = 0; column < sum[row].length; column++) {
                sum[row][column] += part[row][column];
            }
        }
    }

    private static void requireAlike(List<LoraWeights> rows, List<LoraWeights> columns) {
        if (rows.isEmpty() || columns.isEmpty()) {
            throw new InvalidInputException("LoRA products", "adapters", "there are none; give at least one");
        }
        List<LoraWeights> both = new ArrayList<>(rows);
        both.addAll(columns);
        for (LoraWeights each : both) {
            if (!each.shape().equals(rows.getFirst().shape())) {
                throw new InvalidInputException(
                        "LoRA products",
                        "base shape",
                        "the adapters are for different base models; compare adapters of one model");
            }
        }
    }

    private static void collect(List<LoraWeights> adapters, int others, boolean left, Map<ModuleName, Sides> places) {
        for (int i = 0; i < adapters.size(); i++) {
            LoraWeights weights = adapters.get(i);
            for (LoraTensor pair : weights.tensors()) {
                Sides sides = places.computeIfAbsent(
                        new ModuleName(pair.layer(), pair.module()),
                        name -> left ? new Sides(adapters.size(), others) : new Sides(others, adapters.size()));
                (left ? sides.rows : sides.columns)[i] = new Change(pair, weights);
            }
        }
    }

    /** What both lists do to one weight; null where an adapter leaves it alone. */
    private static final class Sides {
        private final @Nullable Change[] rows;
        private final @Nullable Change[] columns;

        private Sides(int rows, int columns) {
            this.rows = new Change[rows];
            this.columns = new Change[columns];
        }

        private double[][] products(int height, int width) {
            double[][] products = new double[height][width];
            for (int row = 0; row < height; row++) {
                for (int column = 0; column < width; column++) {
                    Change left = rows[row];
                    Change right = columns[column];
                    products[row][column] = left == null || right == null ? 0 : left.times(right);
                }
            }
            return products;
        }
    }

    /** A pair as vectors that lie next to each other in memory: rows of A [r][in], columns of B [r][out], scaled. */
    private static final class Change {
        private final double[][] a;
        private final double[][] b;

        private Change(LoraTensor pair, LoraWeights weights) {
            int rank = weights.rank();
            double scale = (double) weights.alpha() / rank;
            int in = pair.a().length / rank;
            int out = pair.b().length / rank;
            a = new double[rank][in];
            b = new double[rank][out];
            for (int k = 0; k < rank; k++) {
                for (int i = 0; i < in; i++) {
                    a[k][i] = pair.a()[k * in + i];
                }
                for (int o = 0; o < out; o++) {
                    b[k][o] = scale * pair.b()[o * rank + k];
                }
            }
        }

        private double times(Change other) {
            double sum = 0;
            for (int k = 0; k < a.length; k++) {
                for (int l = 0; l < other.a.length; l++) {
                    sum += dot(b[k], other.b[l]) * dot(a[k], other.a[l]);
                }
            }
            return sum;
        }
    }

    private static double dot(double[] x, double[] y) {
        double sum = 0;
        for (int i = 0; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }
}
