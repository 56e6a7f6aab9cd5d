package org.dndllm.generator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.format.JsonValue;

/**
 * A generator of the paper's family: the official hyper-convolutional decoder.
 *
 * @param kernel side of all convolution kernels
 * @param stages condition, hidden stages, tokens; at least two
 * @param projection the linear layers before the decoder; their output length is the first stage's {@code l}
 */
public record PaperConfig(int kernel, List<Stage> stages, Optional<Projection> projection) implements GeneratorConfig {
    /** Name of the family. */
    public static final String FAMILY = "paper";

    public PaperConfig {
        stages = Stage.path(stages);
        if (kernel < 1) {
            throw new IllegalArgumentException("kernel must be at least 1, not " + kernel);
        }
    }

    @Override
    public String family() {
        return FAMILY;
    }

    @Override
    public boolean readsPadding() {
        return true;
    }

    @Override
    public int textLength() {
        return projection.map(Projection::textLength).orElse(stages.getFirst().l());
    }

    /** As in an official state dict and in its order. */
    @Override
    public Map<String, List<Long>> weightShapes() {
        return WeightNames.shapes(this);
    }

    /**
     * Products that the definition of a forward pass asks for, taps on padding included: of the convolutions, for of all
     * else there is little.
     */
    public long multiplyAdds() {
        long sum = 0;
        long taps = (long) kernel * kernel;
        for (int i = 0; i + 1 < stages.size(); i++) {
            Stage in = stages.get(i);
            Stage out = stages.get(i + 1);
            long channels = (long) in.c() * out.c();
            long rows = (long) in.l() * out.l();
            long width = channels * in.l() * in.n() + rows * in.n() * out.c();
            long height = rows * in.n() * in.c() + channels * out.l() * in.n();
            long layers = (long) in.n() * out.n() * out.l() * out.c();
            sum += taps * (width + height + layers);
        }
        return sum;
    }

    /** {@code {"family","kernel","stages":[[n,l,c],...],"text_length"?}}. */
    @Override
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("family", FAMILY);
        json.put("kernel", kernel);
        json.put("stages", Stage.toJson(stages));
        projection.ifPresent(p -> json.put("text_length", p.textLength()));
        return json;
    }

    static PaperConfig fromJson(JsonValue.Obj json, List<Stage> stages) {
        Optional<Projection> projection =
                json.has("text_length") ? Optional.of(new Projection(json.int32("text_length"))) : Optional.empty();
        return new PaperConfig(json.int32("kernel"), stages, projection);
    }
}
