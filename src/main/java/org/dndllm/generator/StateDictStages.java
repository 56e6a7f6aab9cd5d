package org.dndllm.generator;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.format.TensorView;

/**
 * Reads stages, kernel and text length off the weights of an official decoder: a layer's norm is [l, c] of the stage before
 * it, its bias [l', c'] of the stage after it, and its layerwise convolution [n', n, k, k]. Whether all other weights agree
 * is for the reader of the weights to check.
 */
final class StateDictStages {
    private static final Pattern LAYER = Pattern.compile(Pattern.quote(WeightNames.LAYERS) + "(\\d{1,3})\\..*");

    private final Map<String, TensorView> weights;
    private final String source;

    StateDictStages(Map<String, TensorView> weights, String source) {
        this.weights = weights;
        this.source = source;
    }

    PaperConfig config() {
        int layers = layers();
        List<Stage> stages = new ArrayList<>();
        for (int i = 0; i < layers; i++) {
            List<Long> norm = shape(WeightNames.hyper(i, "norm") + WeightNames.WEIGHT, "[l, c]", 2);
            stages.add(stage(i, layerwise(i).get(1), norm));
        }
        int last = layers - 1;
        stages.add(stage(last, layerwise(last).get(0), shape(WeightNames.hyperBias(last), "[l, c]", 2)));
        int kernel = extent(
                WeightNames.layerwise(0) + WeightNames.WEIGHT, layerwise(0).get(2));
        return new PaperConfig(kernel, stages, projection());
    }

    /** One more than the greatest layer number. */
    private int layers() {
        int layers = 0;
        for (String name : weights.keySet()) {
            Matcher matcher = LAYER.matcher(name);
            if (matcher.matches()) {
                layers = Math.max(layers, Integer.parseInt(matcher.group(1)) + 1);
            }
        }
        return layers;
    }

    private Optional<Projection> projection() {
        String down = WeightNames.DOWN + WeightNames.WEIGHT;
        return weights.containsKey(down)
                ? Optional.of(new Projection(
                        extent(down, shape(down, "[l, text length]", 2).get(1))))
                : Optional.empty();
    }

    private List<Long> layerwise(int i) {
        return shape(WeightNames.layerwise(i) + WeightNames.WEIGHT, "[n', n, k, k]", 4);
    }

    private Stage stage(int i, long n, List<Long> plane) {
        String layer = WeightNames.layer(i);
        return new Stage(extent(layer, n), extent(layer, plane.get(0)), extent(layer, plane.get(1)));
    }

    private int extent(String name, long extent) {
        if (extent < 1 || extent > Integer.MAX_VALUE) {
            throw new InvalidInputException(source, name, "has an extent of " + extent + ", expected 1 to 2^31 - 1");
        }
        return (int) extent;
    }

    private List<Long> shape(String name, String meaning, int rank) {
        TensorView tensor = weights.get(name);
        if (tensor == null) {
            throw new InvalidInputException(
                    source, name, "is missing; expected all weights of the generator in one file");
        }
        if (tensor.shape().size() != rank) {
            throw new InvalidInputException(source, name, "has shape " + tensor.shape() + ", expected " + meaning);
        }
        return tensor.shape();
    }
}
