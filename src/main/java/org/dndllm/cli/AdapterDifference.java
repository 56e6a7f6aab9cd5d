package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.engine.LiveModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;

/** How far two adapters that ought to be equal are apart. */
final class AdapterDifference {
    private static final String PROBE = "Which gas do plants breathe in?";

    private AdapterDifference() {}

    /** |actual - expected| / |expected|, Euclidean. */
    static double relative(float[] expected, float[] actual) {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < expected.length; i++) {
            difference += Math.pow((double) actual[i] - expected[i], 2);
            norm += Math.pow(expected[i], 2);
        }
        return Math.sqrt(difference / norm);
    }

    /** |B'A' - B A| / |B A| of the module and layer where that is largest, Frobenius. */
    static double worstDelta(LoraWeights expected, LoraWeights actual) {
        double worst = 0;
        for (int i = 0; i < expected.tensors().size(); i++) {
            LoraTensor x = expected.tensors().get(i);
            LoraTensor y = actual.tensors().get(i);
            int rank = expected.rank();
            double square = product(x, x, rank);
            double apart = square - 2 * product(x, y, rank) + product(y, y, rank);
            worst = Math.max(worst, Math.sqrt(Math.max(0, apart) / square));
        }
        return worst;
    }

    /** Sum over all elements of (B A) (B'A'), from r x r products alone. */
    private static double product(LoraTensor x, LoraTensor y, int rank) {
        int in = x.a().length / rank;
        int out = x.b().length / rank;
        double sum = 0;
        for (int i = 0; i < rank; i++) {
            for (int j = 0; j < rank; j++) {
                double a = 0;
                for (int k = 0; k < in; k++) {
                    a += (double) x.a()[i * in + k] * y.a()[j * in + k];
                }
                double b = 0;
                for (int k = 0; k < out; k++) {
                    b += (double) x.b()[k * rank + i] * y.b()[k * rank + j];
                }
                sum += a * b;
            }
        }
        return sum;
    }

    /** Of the logits after a probe under either adapter: largest difference, and relative to what the adapter does. */
    static Map<String, Double> logits(EngineFlags engine, LoraWeights expected, LoraWeights actual) {
        try (LiveModel live = LiveModel.open(engine.model(), engine.modelOptions(), engine.contextOptions())) {
            float[] base = live.probe(PROBE);
            float[] first = under(live, expected, engine);
            float[] second = under(live, actual, engine);
            float[] effect = new float[base.length];
            float[] difference = new float[base.length];
            double largest = 0;
            for (int i = 0; i < base.length; i++) {
                effect[i] = first[i] - base[i];
                difference[i] = effect[i] + second[i] - first[i];
                largest = Math.max(largest, Math.abs(second[i] - first[i]));
            }
            Map<String, Double> errors = new LinkedHashMap<>();
            errors.put("logits_largest_difference", largest);
            errors.put("logits_error_relative_to_effect", relative(effect, difference));
            return errors;
        }
    }

    private static float[] under(LiveModel live, LoraWeights weights, EngineFlags engine) {
        try (AdapterBuffer buffer = new AdapterBuffer();
                LoraAdapter adapter = live.model().loadAdapter(buffer.write(weights, engine.adapterType()), "bench")) {
            live.attach(adapter, 1);
            float[] logits = live.probe(PROBE);
            live.detach();
            return logits;
        }
    }
}
