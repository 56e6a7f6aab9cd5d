package org.dndllm.generator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Names of the weights in an official state dict, so that its {@code .pth} files import without a table. */
public final class WeightNames {
    public static final String DOWN = "down_proj";
    public static final String GATE = "gate_proj";
    public static final String WEIGHT = ".weight";
    public static final String BIAS = ".bias";

    /** In front of a layer's number. */
    static final String LAYERS = "model.decoder.module_list.";

    private WeightNames() {}

    /** Layer {@code i} leads from stage {@code i} to stage {@code i + 1}. */
    public static String layer(int i) {
        return LAYERS + i;
    }

    /** {@code part} is norm, conv1w, conv1h, conv2h or conv2w. */
    public static String hyper(int i, String part) {
        return layer(i) + ".linear1." + part;
    }

    public static String hyperBias(int i) {
        return layer(i) + ".linear1.bias";
    }

    public static String layerwise(int i) {
        return layer(i) + ".linear2";
    }

    static Map<String, List<Long>> shapes(PaperConfig config) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        for (int i = 0; i + 1 < config.stages().size(); i++) {
            putLayer(shapes, i, config.stages().get(i), config.stages().get(i + 1), config.kernel());
        }
        config.projection().ifPresent(projection -> {
            long reduced = config.stages().get(0).l();
            shapes.put(DOWN + WEIGHT, List.of(reduced, (long) projection.textLength()));
            shapes.put(DOWN + BIAS, List.of(reduced));
            shapes.put(GATE + WEIGHT, List.of(reduced, reduced));
            shapes.put(GATE + BIAS, List.of(reduced));
        });
        return shapes;
    }

    private static void putLayer(Map<String, List<Long>> shapes, int i, Stage in, Stage out, long kernel) {
        List<Long> widthConv = List.of((long) out.c(), (long) in.c(), kernel, kernel);
        List<Long> heightConv = List.of((long) out.l(), (long) in.l(), kernel, kernel);
        shapes.put(hyperBias(i), List.of((long) out.l(), (long) out.c()));
        shapes.put(hyper(i, "norm") + WEIGHT, List.of((long) in.l(), (long) in.c()));
        shapes.put(hyper(i, "norm") + BIAS, List.of((long) in.l(), (long) in.c()));
        shapes.put(hyper(i, "conv1w") + WEIGHT, widthConv);
        shapes.put(hyper(i, "conv1h") + WEIGHT, heightConv);
        shapes.put(hyper(i, "conv2h") + WEIGHT, heightConv);
        shapes.put(hyper(i, "conv2w") + WEIGHT, widthConv);
        shapes.put(layerwise(i) + WEIGHT, List.of((long) out.n(), (long) in.n(), kernel, kernel));
        shapes.put(layerwise(i) + BIAS, List.of((long) out.n()));
    }
}
