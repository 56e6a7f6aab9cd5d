package org.dndllm.generator;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.format.JsonValue;

/**
 * A generator of the compact family. In the paper's terms: hyper-convolutions whose four k x k maps are each a depthwise
 * convolution and a pointwise map, mixed over n by a matrix instead of a k x k convolution; in front of them a reader
 * that turns any order of prompts, padding left out, into P slots; behind them learned tokens to which the last block's
 * output is added.
 *
 * <pre>
 * x [N,L,C]     = LayerNorm over C of the condition
 * a [N,L,P]     = softmax over L of x query^T + (mask - 1) 1e9
 * slots [N,P,C] = sum over L of a x
 * z [P,H]       = mean over N of GELU(slots value.weight^T + value.bias)
 * blocks        (P, 1, H) to stage 1, stage 1 to stage 2, ... to (T, R, W):
 *   u      = LayerNorm over (l, c)
 *   width  = depthwise over (l, n) per c, pointwise c to c', depthwise over (n, c') per l, pointwise l to l'
 *   height = depthwise over (n, c) per l, pointwise l to l', depthwise over (l', n) per c, pointwise c to c'
 *   y      = width + tanh(height) + bias [l', c']
 *   out    = mix.weight y over n + mix.bias, plus the input where both stages are equal
 * tokens [T,R,W] = tokens.base + tokens.gain out
 * </pre>
 *
 * @param kernel k, side of the depthwise kernels; odd
 * @param slots P, what the reader keeps of every prompt
 * @param width H, features of a slot
 * @param stages condition [N, L, C], hidden stages (n, l, c), tokens [T, R, W]; at least two
 */
public record CompactConfig(int kernel, int slots, int width, List<Stage> stages) implements GeneratorConfig {
    /** Name of the family. */
    public static final String FAMILY = "compact";

    public CompactConfig {
        stages = Stage.path(stages);
        if (kernel < 1 || kernel % 2 == 0) {
            throw new IllegalArgumentException("kernel must be odd, not " + kernel);
        }
        if (slots < 1 || width < 1) {
            throw new IllegalArgumentException("slots and width must be at least 1, not " + slots + " and " + width);
        }
    }

    @Override
    public String family() {
        return FAMILY;
    }

    @Override
    public boolean readsPadding() {
        return false;
    }

    /** Stages between the blocks: block {@code i} leads from entry {@code i} to entry {@code i + 1}. */
    public List<Stage> blockStages() {
        List<Stage> path = new ArrayList<>(stages);
        path.set(0, new Stage(slots, 1, width));
        return List.copyOf(path);
    }

    @Override
    public Map<String, List<Long>> weightShapes() {
        return CompactNames.shapes(this);
    }

    /** {@code {"family","kernel","slots","width","stages":[[n,l,c],...]}}. */
    @Override
    public Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("family", FAMILY);
        json.put("kernel", kernel);
        json.put("slots", slots);
        json.put("width", width);
        json.put("stages", Stage.toJson(stages));
        return json;
    }

    static CompactConfig fromJson(JsonValue.Obj json, List<Stage> stages) {
        return new CompactConfig(json.int32("kernel"), json.int32("slots"), json.int32("width"), stages);
    }
}
