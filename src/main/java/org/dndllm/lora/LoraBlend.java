package org.dndllm.lora;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;

/**
 * A linear combination of adapters as one adapter: the change of each weight is the weighted sum of the parts' changes,
 * exactly, because A and B are joined along the rank instead of being averaged. Ranks add up; a part that does not touch a
 * module joins with zeros.
 */
public final class LoraBlend {
    private static final String SOURCE = "blend";

    /** An adapter and its factor. */
    public record Part(LoraWeights weights, float factor) {}

    private LoraBlend() {}

    /**
     * Sum of {@code factor * scale * B * A} over the parts. The common scale is that of the part with the largest {@code
     * factor * scale}; the others' ratio to it is multiplied into their B in single precision, so the result is F32 unless
     * all ratios are 1 or -1 and all parts share a type. Parts with factor 0 are left out.
     *
     * @throws InvalidInputException when base shapes differ, a factor is not finite, or no part is left
     */
    public static LoraWeights of(List<Part> parts) {
        List<Part> active = new ArrayList<>();
        for (Part part : parts) {
            if (!Float.isFinite(part.factor())) {
                throw new InvalidInputException(SOURCE, "factor", part.factor() + " is not finite; expected a number");
            }
            if (!part.weights().shape().equals(parts.getFirst().weights().shape())) {
                throw new InvalidInputException(
                        SOURCE, "base shape", "the adapters are for different base models; blend adapters of one model");
            }
            if (part.factor() != 0) {
                active.add(part);
            }
        }
        if (active.isEmpty()) {
            throw new InvalidInputException(SOURCE, "factor", "no part has a factor other than 0; the blend changes nothing");
        }
        return join(active);
    }

    private static LoraWeights join(List<Part> parts) {
        double common = 0;
        int rank = 0;
        for (Part part : parts) {
            rank = Math.addExact(rank, part.weights().rank());
            common = Math.abs(weight(part)) > Math.abs(common) ? weight(part) : common;
        }
        double scale = common;
        float[] ratios = new float[parts.size()];
        boolean exact = true;
        DType dtype = parts.getFirst().weights().dtype();
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = (float) (weight(parts.get(i)) / scale);
            exact &= Math.abs(ratios[i]) == 1 && parts.get(i).weights().dtype() == dtype;
        }
        return LoraWeights.of(
                parts.getFirst().weights().shape(),
                rank,
                (float) (scale * rank),
                exact ? dtype : DType.F32,
                tensors(parts, ratios, rank));
    }

    private static double weight(Part part) {
        LoraWeights weights = part.weights();
        return (double) part.factor() * weights.alpha() / weights.rank();
    }

    /** Which part brings which pair, at which place along the joint rank. */
    private record Piece(int offset, int rank, float ratio, LoraTensor pair) {}

    private static List<LoraTensor> tensors(List<Part> parts, float[] ratios, int rank) {
        SortedMap<Integer, SortedMap<TargetModule, List<Piece>>> pieces = new TreeMap<>();
        int offset = 0;
        for (int i = 0; i < parts.size(); i++) {
            LoraWeights weights = parts.get(i).weights();
            for (LoraTensor pair : weights.tensors()) {
                pieces.computeIfAbsent(pair.layer(), layer -> new TreeMap<>())
                        .computeIfAbsent(pair.module(), module -> new ArrayList<>())
                        .add(new Piece(offset, weights.rank(), ratios[i], pair));
            }
            offset += weights.rank();
        }
        BaseShape shape = parts.getFirst().weights().shape();
        List<LoraTensor> joined = new ArrayList<>();
        for (Map.Entry<Integer, SortedMap<TargetModule, List<Piece>>> layer : pieces.entrySet()) {
            for (Map.Entry<TargetModule, List<Piece>> module : layer.getValue().entrySet()) {
                joined.add(join(layer.getKey(), module.getKey(), module.getValue(), shape, rank));
            }
        }
        return joined;
    }

    private static LoraTensor join(int layer, TargetModule module, List<Piece> pieces, BaseShape shape, int rank) {
        int in = shape.in(module);
        int out = shape.out(module);
        float[] a = new float[rank * in]; // [R, in], R the joint rank
        float[] b = new float[out * rank]; // [out, R]
        for (Piece piece : pieces) {
            float[] pieceA = piece.pair().a();
            float[] pieceB = piece.pair().b();
            System.arraycopy(pieceA, 0, a, piece.offset() * in, pieceA.length);
            for (int row = 0; row < out; row++) {
                for (int i = 0; i < piece.rank(); i++) {
                    b[row * rank + piece.offset() + i] = piece.ratio() * pieceB[row * piece.rank() + i];
                }
            }
        }
        return new LoraTensor(layer, module, a, b);
    }
}
