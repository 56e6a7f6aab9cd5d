package org.dndllm.eval.diagnosis;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.diagnosis.Placement.Part;
import org.dndllm.eval.diagnosis.Placement.Place;
import org.dndllm.eval.diagnosis.Placement.Spaces;
import org.dndllm.lora.LoraAngles;
import org.dndllm.lora.LoraNorms;
import org.dndllm.lora.LoraProducts;
import org.dndllm.lora.LoraSpan;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.TargetModule;

/**
 * Adapters that others are compared with: of the training tasks, trained or generated. Their inner products are computed
 * once. Changes of weights are never multiplied out.
 */
public final class References {
    private final List<String> names;
    private final List<LoraWeights> adapters;
    private final LoraProducts products;

    private References(List<String> names, List<LoraWeights> adapters) {
        this.names = names;
        this.adapters = adapters;
        products = LoraProducts.of(adapters, adapters);
    }

    /**
     * Prepares comparisons.
     *
     * @param adapters by name, for one base model; at least one, each of which changes something
     * @throws InvalidInputException if there is none, one changes nothing, or they are for different base models
     */
    public static References of(Map<String, LoraWeights> adapters) {
        adapters.forEach((name, adapter) -> {
            if (LoraNorms.of(adapter).total() == 0) {
                throw new InvalidInputException(
                        name, "weights", "change nothing; leave this adapter out of the comparison");
            }
        });
        return new References(List.copyOf(adapters.keySet()), List.copyOf(adapters.values()));
    }

    /** Names, in the order given. */
    public List<String> names() {
        return names;
    }

    /**
     * Where an adapter lies among the references.
     *
     * @throws InvalidInputException if it changes nothing or is for another base model
     */
    public Placement place(String name, LoraWeights adapter) {
        if (LoraNorms.of(adapter).total() == 0) {
            throw new InvalidInputException(name, "weights", "change nothing, so they lie nowhere; see its health");
        }
        LoraProducts own = LoraProducts.of(List.of(adapter), adapters);
        int[] all = IntStream.range(0, names.size()).toArray();
        return place(name, all, Subject.of(adapter, own, 0), nearest -> angles(adapter, nearest));
    }

    /** Where each reference lies among all others; empty for a single one. */
    public List<Placement> leaveOneOut() {
        if (names.size() < 2) {
            return List.of();
        }
        return IntStream.range(0, names.size())
                .mapToObj(left -> place(
                        names.get(left),
                        IntStream.range(0, names.size()).filter(i -> i != left).toArray(),
                        Subject.of(adapters.get(left), products, left),
                        nearest -> angles(adapters.get(left), nearest)))
                .toList();
    }

    private List<LoraAngles.Entry> angles(LoraWeights adapter, int reference) {
        return LoraAngles.between(adapter, adapters.get(reference)).entries();
    }

    /**
     * Where the plain average of the references lies: the least that a generator could do. Its directions are those of all
     * references, so spaces are not compared.
     */
    public Placement placeMean(String name) {
        int[] all = IntStream.range(0, names.size()).toArray();
        Map<TargetModule, Double> norms = new EnumMap<>(TargetModule.class);
        products.byModule().forEach((module, gram) -> norms.put(module, Math.sqrt(mean(meanRow(gram)))));
        double norm = Math.sqrt(mean(meanRow(products.total())));
        return place(name, all, new Subject(norms, norm, products, References::meanRow), nearest -> List.of());
    }

    /**
     * What is placed.
     *
     * @param products with the references, in the row that {@code row} makes of each matrix
     */
    private record Subject(
            Map<TargetModule, Double> norms, double norm, LoraProducts products, Function<double[][], double[]> row) {
        private static Subject of(LoraWeights adapter, LoraProducts products, int row) {
            LoraNorms norms = LoraNorms.of(adapter);
            return new Subject(norms.byModule(), norms.total(), products, rows -> rows[row]);
        }
    }

    /**
     * @param kept indices of the references that count
     * @param angles with the reference of an index
     */
    private Placement place(String name, int[] kept, Subject subject, IntFunction<List<LoraAngles.Entry>> angles) {
        Sums all = new Sums(
                products.total(), subject.row().apply(subject.products().total()), kept, subject.norm());
        int nearest = all.nearest();
        List<LoraAngles.Entry> found = angles.apply(kept[nearest]);
        Map<TargetModule, Place> modules = new EnumMap<>(TargetModule.class);
        subject.norms().forEach((module, norm) -> {
            double[][] gram = products.byModule().get(module);
            double[][] rows = subject.products().byModule().get(module);
            if (norm > 0 && gram != null && rows != null) {
                List<LoraAngles.Entry> own = found.stream()
                        .filter(entry -> entry.name().module() == module)
                        .toList();
                modules.put(module, new Sums(gram, subject.row().apply(rows), kept, norm).place(nearest, own));
            }
        });
        return new Placement(
                name,
                parts(kept, all::cosine, all::cosine),
                parts(kept, i -> all.span.coefficients().get(i), i -> Math.abs(all.weight(i))),
                all.place(nearest, found),
                modules);
    }

    private static double[] meanRow(double[][] gram) {
        double[] row = new double[gram.length];
        for (double[] each : gram) {
            for (int i = 0; i < row.length; i++) {
                row[i] += each[i] / gram.length;
            }
        }
        return row;
    }

    private static double mean(double[] values) {
        return Arrays.stream(values).average().orElseThrow();
    }

    private List<Part> parts(int[] kept, Function<Integer, Double> value, Function<Integer, Double> order) {
        List<Integer> sorted =
                new ArrayList<>(IntStream.range(0, kept.length).boxed().toList());
        sorted.sort(Comparator.comparing(order, Comparator.reverseOrder()));
        return sorted.stream()
                .map(i -> new Part(names.get(kept[i]), value.apply(i)))
                .toList();
    }

    /** The kept part of the inner products of one module, or of all. */
    private static final class Sums {
        /** What rounding leaves of a squared norm where an adapter is the mean. */
        private static final double ROUNDING = 1e-12;

        private final double norm;
        private final double[] lengths; // of the references
        private final double[] along; // inner products of the adapter with them
        private final double[][] among; // the references
        private final LoraSpan span;

        private Sums(double[][] gram, double[] row, int[] kept, double norm) {
            this.norm = norm;
            lengths = new double[kept.length];
            along = new double[kept.length];
            among = new double[kept.length][kept.length];
            for (int i = 0; i < kept.length; i++) {
                lengths[i] = Math.sqrt(Math.max(gram[kept[i]][kept[i]], 0));
                along[i] = row[kept[i]];
                for (int j = 0; j < kept.length; j++) {
                    among[i][j] = gram[kept[i]][kept[j]];
                }
            }
            span = LoraSpan.of(among, along, norm * norm);
        }

        private double cosine(int i) {
            return lengths[i] == 0 ? 0 : along[i] / lengths[i] / norm;
        }

        private double weight(int i) {
            return span.coefficients().get(i) * lengths[i];
        }

        private int nearest() {
            int nearest = 0;
            for (int i = 1; i < along.length; i++) {
                nearest = cosine(i) > cosine(nearest) ? i : nearest;
            }
            return nearest;
        }

        private Place place(int nearest, List<LoraAngles.Entry> angles) {
            return new Place(
                    norm,
                    lengths[nearest] == 0 ? 0 : norm / lengths[nearest],
                    cosine(nearest),
                    span.inside(),
                    besideMean(),
                    angles.isEmpty() ? Optional.empty() : Optional.of(spaces(angles)));
        }

        /** The same after the references' mean has been taken from all of them and from the adapter. */
        private double besideMean() {
            double[] row = meanRow(among); // of each reference with the mean
            double mean = References.mean(row);
            double own = References.mean(along);
            double square = norm * norm - 2 * own + mean;
            if (square <= ROUNDING * norm * norm) {
                return 1; // it is the mean
            }
            double[][] centred = new double[row.length][row.length];
            double[] products = new double[row.length];
            for (int i = 0; i < row.length; i++) {
                products[i] = along[i] - own - row[i] + mean;
                for (int j = 0; j < row.length; j++) {
                    centred[i][j] = among[i][j] - row[i] - row[j] + mean;
                }
            }
            return LoraSpan.of(centred, products, square).inside();
        }

        private static Spaces spaces(List<LoraAngles.Entry> angles) {
            return new Spaces(
                    mean(angles, entry -> entry.written().overlap()),
                    mean(angles, entry -> entry.written().chance()),
                    mean(angles, entry -> entry.read().overlap()),
                    mean(angles, entry -> entry.read().chance()));
        }

        private static double mean(List<LoraAngles.Entry> angles, Function<LoraAngles.Entry, Double> value) {
            return angles.stream().mapToDouble(value::apply).average().orElse(0);
        }
    }
}
