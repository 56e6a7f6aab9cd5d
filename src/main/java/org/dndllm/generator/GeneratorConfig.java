package org.dndllm.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * Everything that fixes the architecture of a generator, of one of two families: {@link PaperConfig} is the official
 * decoder to the letter, {@link CompactConfig} our own. Both lead from a condition [N, L, C] over hidden stages to weight
 * tokens [T, R, W].
 */
public sealed interface GeneratorConfig permits PaperConfig, CompactConfig {
    /** The paper's family without projection. */
    static PaperConfig paper(int kernel, Stage... stages) {
        return new PaperConfig(kernel, List.of(stages), Optional.empty());
    }

    /** The paper's family with the "SuperLarge" projection. */
    static PaperConfig superLarge(int textLength, int kernel, Stage... stages) {
        return new PaperConfig(kernel, List.of(stages), Optional.of(new Projection(textLength)));
    }

    /** The compact family: {@code slots} P of {@code width} H between the prompts and the first block. */
    static CompactConfig compact(int kernel, int slots, int width, Stage... stages) {
        return new CompactConfig(kernel, slots, width, List.of(stages));
    }

    /**
     * One of the six official configurations, or the compact one for a real target.
     *
     * @throws InvalidInputException when there is no such preset
     */
    static GeneratorConfig preset(String name) {
        return GeneratorPresets.byName(name);
    }

    /** Names that {@link #preset} takes. */
    static List<String> presetNames() {
        return GeneratorPresets.names();
    }

    /** {@value PaperConfig#FAMILY} or {@value CompactConfig#FAMILY}. */
    String family();

    /** Side of all convolution kernels, k. */
    int kernel();

    /** Condition, hidden stages, tokens; at least two. */
    List<Stage> stages();

    /** Names and shapes of all weights in a fixed order; outermost extent first. */
    Map<String, List<Long>> weightShapes();

    /** For {@code bundle.json}; {@code docs/formats.md} lists the members. */
    Map<String, Object> toJson();

    /** Prompts per condition, N. */
    default int prompts() {
        return stages().getFirst().n();
    }

    /** Positions per prompt that the encoder must give, L. */
    default int textLength() {
        return stages().getFirst().l();
    }

    /** Whether states at padding positions change the adapter, as they do with the official code. */
    boolean readsPadding();

    /** Channels of the encoder, C. */
    default int channels() {
        return stages().getFirst().c();
    }

    /** Number T, rows R and columns W of the weight tokens as (n, l, c). */
    default Stage tokens() {
        return stages().getLast();
    }

    /** Number of trained values. */
    default long parameters() {
        long sum = 0;
        for (List<Long> shape : weightShapes().values()) {
            sum = Math.addExact(sum, shape.stream().reduce(1L, Math::multiplyExact));
        }
        return sum;
    }

    /**
     * Reads what {@link #toJson} gives.
     *
     * @throws InvalidInputException naming the field that is missing or wrong
     */
    static GeneratorConfig fromJson(JsonValue.Obj json) {
        List<Stage> stages = new ArrayList<>();
        for (JsonValue.Arr extents : json.array("stages").arrays()) {
            List<Long> nlc = extents.integers();
            if (nlc.size() != 3 || nlc.stream().anyMatch(extent -> extent < 1 || extent > Integer.MAX_VALUE)) {
                throw new InvalidInputException(
                        json.source(),
                        extents.path(),
                        "is " + nlc + ", expected [n, l, c], each at least 1; mend or export the bundle again");
            }
            stages.add(
                    new Stage(Math.toIntExact(nlc.get(0)), Math.toIntExact(nlc.get(1)), Math.toIntExact(nlc.get(2))));
        }
        String family = json.string("family");
        try {
            return switch (family) {
                case PaperConfig.FAMILY -> PaperConfig.fromJson(json, stages);
                case CompactConfig.FAMILY -> CompactConfig.fromJson(json, stages);
                default ->
                    throw new IllegalArgumentException("unknown generator family " + family + "; known: "
                            + PaperConfig.FAMILY + ", " + CompactConfig.FAMILY);
            };
        } catch (IllegalArgumentException e) {
            throw new InvalidInputException(
                    json.source(), json.path(), e.getMessage() + "; mend or export the bundle again", e);
        }
    }
}
