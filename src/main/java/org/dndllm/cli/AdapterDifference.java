package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.engine.LiveModel;
import org.dndllm.format.DType;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.lora.LoraProducts;
import org.dndllm.lora.LoraWeights;

/** How far two adapters that ought to be equal are apart. */
final class AdapterDifference {
    private static final String PROBE = "Which gas do plants breathe in?";

    private AdapterDifference() {}

    /** |actual - expected| / |expected|, Euclidean. */
    static double relative(float[] expected, float[] actual) {
        return Math.sqrt(square(effect(expected, actual)) / square(expected));
    }

    /** |B'A' - B A| / |B A| of each kind of module over all its layers, Frobenius, by Hugging Face's name. */
    static Map<String, Double> deltas(LoraWeights expected, LoraWeights actual) {
        Map<String, Double> deltas = new LinkedHashMap<>();
        List<LoraWeights> both = List.of(expected, actual);
        LoraProducts.of(both, both).byModule().forEach((module, products) -> {
            double apart = products[0][0] - 2 * products[0][1] + products[1][1];
            deltas.put(module.hfName(), Math.sqrt(Math.max(0, apart) / products[0][0]));
        });
        return deltas;
    }

    /**
     * Of the logits after a probe under either adapter: how far they are apart, relative to what the adapter does. Beside
     * it stands the same of the expected adapter with its values rounded to BF16, the dtype of the official adapters: what
     * the base model makes of a change too small to matter.
     */
    static Map<String, Double> logits(EngineFlags engine, LoraWeights expected, LoraWeights actual) {
        try (LiveModel live = LiveModel.open(engine.model(), engine.modelOptions(), engine.contextOptions())) {
            float[] base = live.probe(PROBE);
            float[] reference = effect(base, under(live, expected, engine));
            float[] other = effect(base, under(live, actual, engine));
            float[] rounded =
                    effect(base, under(live, expected.withDtype(DType.BF16).withDtype(DType.F32), engine));
            Map<String, Double> errors = new LinkedHashMap<>();
            errors.put("effect_on_logits_norm", Math.sqrt(square(reference)));
            errors.put("logits_error_relative_to_effect", relative(reference, other));
            errors.put("logits_error_of_bf16_rounding", relative(reference, rounded));
            return errors;
        }
    }

    private static double square(float[] values) {
        double sum = 0;
        for (float value : values) {
            sum += (double) value * value;
        }
        return sum;
    }

    private static float[] effect(float[] base, float[] adapted) {
        float[] effect = new float[base.length];
        for (int i = 0; i < base.length; i++) {
            effect[i] = adapted[i] - base[i];
        }
        return effect;
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
