package org.dndllm.generator;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Names of the weights of the compact family; shapes as {@link CompactConfig} uses the letters. */
final class CompactNames {
    static final String READER_NORM = "reader.norm";
    static final String QUERY = "reader.query";
    static final String VALUE = "reader.value";
    static final String BASE = "tokens.base";
    static final String GAIN = "tokens.gain";
    static final String WEIGHT = ".weight";
    static final String BIAS = ".bias";

    private CompactNames() {}

    /** {@code part} is norm, width.depthwise1, ..., height.pointwise2, bias or mix. */
    static String block(int i, String part) {
        return "block." + i + "." + part;
    }

    static Map<String, List<Long>> shapes(CompactConfig config) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        long channels = config.channels();
        long slots = config.slots();
        long width = config.width();
        shapes.put(READER_NORM + WEIGHT, List.of(channels));
        shapes.put(READER_NORM + BIAS, List.of(channels));
        shapes.put(QUERY, List.of(slots, channels));
        shapes.put(VALUE + WEIGHT, List.of(width, channels));
        shapes.put(VALUE + BIAS, List.of(slots, width));
        List<Stage> stages = config.blockStages();
        for (int i = 0; i + 1 < stages.size(); i++) {
            putBlock(shapes, i, stages.get(i), stages.get(i + 1), config.kernel());
        }
        Stage tokens = config.tokens();
        shapes.put(BASE, List.of((long) tokens.n(), (long) tokens.l(), (long) tokens.c()));
        shapes.put(GAIN, List.of((long) tokens.n()));
        return shapes;
    }

    private static void putBlock(Map<String, List<Long>> shapes, int i, Stage in, Stage out, long kernel) {
        List<Long> perChannel = List.of((long) in.c(), 1L, kernel, kernel);
        List<Long> perRow = List.of((long) in.l(), 1L, kernel, kernel);
        List<Long> channels = List.of((long) out.c(), (long) in.c());
        List<Long> rows = List.of((long) out.l(), (long) in.l());
        shapes.put(block(i, "norm") + WEIGHT, List.of((long) in.l(), (long) in.c()));
        shapes.put(block(i, "norm") + BIAS, List.of((long) in.l(), (long) in.c()));
        shapes.put(block(i, "width.depthwise1"), perChannel);
        shapes.put(block(i, "width.pointwise1"), channels);
        shapes.put(block(i, "width.depthwise2"), perRow);
        shapes.put(block(i, "width.pointwise2"), rows);
        shapes.put(block(i, "height.depthwise1"), perRow);
        shapes.put(block(i, "height.pointwise1"), rows);
        shapes.put(block(i, "height.depthwise2"), perChannel);
        shapes.put(block(i, "height.pointwise2"), channels);
        shapes.put(block(i, "bias"), List.of((long) out.l(), (long) out.c()));
        shapes.put(block(i, "mix") + WEIGHT, List.of((long) out.n(), (long) in.n()));
        shapes.put(block(i, "mix") + BIAS, List.of((long) out.n()));
    }
}
