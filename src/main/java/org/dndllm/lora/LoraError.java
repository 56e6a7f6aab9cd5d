package org.dndllm.lora;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;

/**
 * How far one adapter's changes of the weights are from those of others: Frobenius norms of {@code scale * B * A} and of the
 * differences, which are never formed ({@code DeltaFactors}). Measured on the values as they are stored, rounding included.
 *
 * @param entries one per module of a layer that either side touches, by layer and module; at least one
 */
public record LoraError(List<Entry> entries) {
    /**
     * One module of one layer.
     *
     * @param norm of the change that is expected
     * @param error norm of the difference
     */
    public record Entry(ModuleName name, double norm, double error) {
        /** The error as a share of the norm; 0 where there is none. */
        public double relative() {
            return share(error, norm);
        }
    }

    /**
     * Several entries together.
     *
     * @param norm root of the summed squares
     * @param error likewise
     * @param worst the entry with the largest relative error
     */
    public record Sum(int count, double norm, double error, Entry worst) {
        private static Sum of(List<Entry> entries) {
            double norm = 0;
            double error = 0;
            for (Entry entry : entries) {
                norm += entry.norm() * entry.norm();
                error += entry.error() * entry.error();
            }
            Entry worst = entries.stream()
                    .max(Comparator.comparingDouble(Entry::relative))
                    .orElseThrow();
            return new Sum(entries.size(), Math.sqrt(norm), Math.sqrt(error), worst);
        }

        /** The error as a share of the norm; 0 where there is none. */
        public double relative() {
            return share(error, norm);
        }
    }

    /** Copies the entries. */
    public LoraError {
        entries = List.copyOf(entries);
    }

    /** Of one adapter in place of another. */
    public static LoraError of(LoraWeights expected, LoraWeights actual) {
        return of(List.of(new LoraBlend.Part(expected, 1)), actual);
    }

    /**
     * Of one adapter in place of the weighted sum of several.
     *
     * @throws InvalidInputException when the adapters are for different base shapes
     */
    public static LoraError of(List<LoraBlend.Part> expected, LoraWeights actual) {
        Map<ModuleName, List<Term>> terms = new TreeMap<>(ModuleName.ORDER);
        for (LoraBlend.Part part : expected) {
            if (!part.weights().shape().equals(actual.shape())) {
                throw new InvalidInputException(
                        "LoRA error",
                        "base shape",
                        "the adapters are for different base models; compare adapters of one model");
            }
            collect(part.weights(), part.factor(), true, terms);
        }
        collect(actual, -1, false, terms);
        return new LoraError(terms.entrySet().parallelStream()
                .map(each -> new Entry(
                        each.getKey(),
                        norm(each.getKey(), each.getValue().stream().filter(Term::expected), actual.shape()),
                        norm(each.getKey(), each.getValue().stream(), actual.shape())))
                .toList());
    }

    /** A pair's part in a difference. */
    private record Term(LoraTensor pair, double factor, boolean expected) {}

    private static void collect(
            LoraWeights weights, double factor, boolean expected, Map<ModuleName, List<Term>> terms) {
        double scale = factor * weights.alpha() / weights.rank();
        for (LoraTensor pair : weights.tensors()) {
            terms.computeIfAbsent(new ModuleName(pair.layer(), pair.module()), name -> new ArrayList<>())
                    .add(new Term(pair, scale, expected));
        }
    }

    private static double norm(ModuleName name, Stream<Term> terms, BaseShape shape) {
        DeltaFactors sum = new DeltaFactors(shape, name.module());
        terms.forEach(term -> sum.plus(term.pair(), term.factor()));
        return sum.norm();
    }

    /** All modules together. */
    public Sum total() {
        return Sum.of(entries);
    }

    /** Per module, all its layers together, in {@link TargetModule} order. */
    public Map<TargetModule, Sum> byModule() {
        return entries.stream()
                .collect(Collectors.groupingBy(
                        entry -> entry.name().module(),
                        () -> new EnumMap<>(TargetModule.class),
                        Collectors.collectingAndThen(Collectors.toList(), Sum::of)));
    }

    private static double share(double error, double norm) {
        return error == 0 ? 0 : error / norm;
    }
}
