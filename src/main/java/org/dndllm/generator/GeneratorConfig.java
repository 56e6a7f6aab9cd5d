package org.dndllm.generator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * Everything that fixes the architecture of a generator of the paper's family.
 *
 * @param family {@value #PAPER}
 * @param stages condition, hidden stages, tokens; at least two
 * @param kernel side of all convolution kernels
 * @param projection the linear layers before the decoder; their output length is the first stage's {@code l}
 */
public record GeneratorConfig(String family, List<Stage> stages, int kernel, Optional<Projection> projection) {
    /** The official decoder. */
    public static final String PAPER = "paper";

    public GeneratorConfig {
        stages = List.copyOf(stages);
        if (!family.equals(PAPER)) {
            throw new IllegalArgumentException("unknown generator family " + family + "; known: " + PAPER);
        }
        if (stages.size() < 2) {
            throw new IllegalArgumentException("a generator needs at least two stages, got " + stages.size());
        }
        if (kernel < 1) {
            throw new IllegalArgumentException("kernel must be at least 1, not " + kernel);
        }
    }

    /** The paper's family without projection. */
    public static GeneratorConfig paper(int kernel, Stage... stages) {
        return new GeneratorConfig(PAPER, List.of(stages), kernel, Optional.empty());
    }

    /** The paper's family with the "SuperLarge" projection. */
    public static GeneratorConfig superLarge(int textLength, int kernel, Stage... stages) {
        return new GeneratorConfig(PAPER, List.of(stages), kernel, Optional.of(new Projection(textLength)));
    }

    /**
     * One of the six official configurations.
     *
     * @throws InvalidInputException when there is no such preset
     */
    public static GeneratorConfig preset(String name) {
        return GeneratorPresets.byName(name);
    }

    /** Names that {@link #preset} takes. */
    public static List<String> presetNames() {
        return GeneratorPresets.names();
    }

    /** Prompts per condition, N. */
    public int prompts() {
        return stages.get(0).n();
    }

    /** Positions per prompt that the encoder must give, L. */
    public int textLength() {
        return projection.map(Projection::textLength).orElse(stages.get(0).l());
    }

    /** Channels of the encoder, C. */
    public int channels() {
        return stages.get(0).c();
    }

    /** Number T, rows R and columns W of the weight tokens as (n, l, c). */
    public Stage tokens() {
        return stages.get(stages.size() - 1);
    }

    /** Names and shapes of all weights, as in an official state dict and in its order; outermost extent first. */
    public Map<String, List<Long>> weightShapes() {
        return WeightNames.shapes(this);
    }

    /** Number of trained values. */
    public long parameters() {
        long sum = 0;
        for (List<Long> shape : weightShapes().values()) {
            sum += shape.stream().reduce(1L, Math::multiplyExact);
        }
        return sum;
    }

    /** For {@code bundle.json}: {@code {"family","kernel","stages":[[n,l,c],...],"text_length"?}}. */
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("family", family);
        json.put("kernel", kernel);
        json.put("stages", stages.stream().map(s -> List.of(s.n(), s.l(), s.c())).toList());
        projection.ifPresent(p -> json.put("text_length", p.textLength()));
        return json;
    }

    /**
     * Reads what {@link #toJson} gives.
     *
     * @throws InvalidInputException naming the field that is missing or wrong
     */
    public static GeneratorConfig fromJson(JsonValue.Obj json) {
        List<Stage> stages = new ArrayList<>();
        for (JsonValue.Arr extents : json.array("stages").arrays()) {
            List<Long> nlc = extents.integers();
            if (nlc.size() != 3 || nlc.stream().anyMatch(extent -> extent < 1 || extent > Integer.MAX_VALUE)) {
                throw new InvalidInputException(
                        json.source(),
                        extents.path(),
                        "is " + nlc + ", expected [n, l, c], each at least 1; mend or export the bundle again");
            }
            stages.add(new Stage(Math.toIntExact(nlc.get(0)), Math.toIntExact(nlc.get(1)), Math.toIntExact(nlc.get(2))));
        }
        try {
            Optional<Projection> projection =
                    json.has("text_length") ? Optional.of(new Projection(json.int32("text_length"))) : Optional.empty();
            return new GeneratorConfig(json.string("family"), stages, json.int32("kernel"), projection);
        } catch (IllegalArgumentException e) {
            throw new InvalidInputException(
                    json.source(), json.path(), e.getMessage() + "; mend or export the bundle again", e);
        }
    }
}
