package org.dndllm.lora;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * How much an adapter changes each weight: Frobenius norms of {@code scale * B * A}. The product [out, in] is never formed:
 * ||B A||² is the trace of (BᵀB)(AAᵀ), two r by r matrices, summed in double.
 *
 * @param entries one per pair, in the adapter's order
 */
public record LoraNorms(List<Entry> entries) {
    /** The norm for one module of one layer. */
    public record Entry(int layer, TargetModule module, double norm) {}

    /** Copies the entries. */
    public LoraNorms {
        entries = List.copyOf(entries);
    }

    /** The norms of every pair. */
    public static LoraNorms of(LoraWeights weights) {
        List<Entry> entries = new ArrayList<>(weights.tensors().size());
        for (LoraTensor pair : weights.tensors()) {
            double norm = Math.abs(weights.scale()) * productNorm(pair, weights.rank());
            entries.add(new Entry(pair.layer(), pair.module(), norm));
        }
        return new LoraNorms(entries);
    }

    /** Norm of the whole change, all pairs together. */
    public double total() {
        return Math.sqrt(entries.stream().mapToDouble(e -> e.norm() * e.norm()).sum());
    }

    /** Norm of the change per module, over all layers, in {@link TargetModule} order. */
    public Map<TargetModule, Double> byModule() {
        Map<TargetModule, Double> squares = new EnumMap<>(TargetModule.class);
        for (Entry entry : entries) {
            squares.merge(entry.module(), entry.norm() * entry.norm(), Double::sum);
        }
        squares.replaceAll((module, square) -> Math.sqrt(square));
        return squares;
    }

    private static double productNorm(LoraTensor pair, int rank) {
        double[] gramA = gramOfRows(pair.a(), rank);
        double[] gramB = gramOfColumns(pair.b(), rank);
        double trace = 0;
        for (int i = 0; i < gramA.length; i++) {
            trace += gramA[i] * gramB[i]; // both symmetric, so the trace of the product is the elementwise sum
        }
        return Math.sqrt(Math.max(trace, 0)); // rounding can leave a tiny negative where B A cancels to zero
    }

    /** A Aᵀ [r, r] of A [r, in]. */
    private static double[] gramOfRows(float[] a, int rank) {
        int in = a.length / rank;
        double[] gram = new double[rank * rank];
        for (int i = 0; i < rank; i++) {
            for (int j = 0; j <= i; j++) {
                double sum = 0;
                for (int k = 0; k < in; k++) {
                    sum += (double) a[i * in + k] * a[j * in + k];
                }
                gram[i * rank + j] = sum;
                gram[j * rank + i] = sum;
            }
        }
        return gram;
    }

    /** Bᵀ B [r, r] of B [out, r]. */
    private static double[] gramOfColumns(float[] b, int rank) {
        double[] gram = new double[rank * rank];
        for (int row = 0; row < b.length; row += rank) {
            for (int i = 0; i < rank; i++) {
                double left = b[row + i];
                for (int j = 0; j < rank; j++) {
                    gram[i * rank + j] += left * b[row + j];
                }
            }
        }
        return gram;
    }
}
