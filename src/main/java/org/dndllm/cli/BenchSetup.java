package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.BaseTensors;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;

/** What the measurements of adapters start from: a base model, a one-thread context on it, and random weights. */
final class BenchSetup implements AutoCloseable {
    private static final int CONTEXT = 512;
    private static final long SEED = 7;
    private static final int[] PROMPT = {1, 2, 3, 4, 5, 6, 7, 8};

    private final LlamaModel model;
    private final LlamaContext context;
    private final LoraWeights weights;
    private final GgmlType type;
    private final BaseTensors baseTensors;

    private BenchSetup(LlamaModel model, GgmlType type, int rank) {
        this.model = model;
        this.type = type;
        baseTensors = BaseTensors.of(model.shape());
        context = model.newContext(
                ContextOptions.DEFAULT.withContextLength(CONTEXT).withThreads(1));
        weights = RandomAdapter.of(model.shape(), rank, DType.F16, SEED);
    }

    static BenchSetup open(EngineFlags engine, int rank) {
        GgmlType type = engine.adapterType();
        LlamaModel model = LlamaModel.open(engine.model(), ModelOptions.CPU);
        try {
            return new BenchSetup(model, type, rank);
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    LlamaModel model() {
        return model;
    }

    LlamaContext context() {
        return context;
    }

    LoraWeights weights() {
        return weights;
    }

    GgmlType type() {
        return type;
    }

    /** What adapters of this base may touch, for checks outside of loading. */
    BaseTensors baseTensors() {
        return baseTensors;
    }

    /** Decodes the prompt of all measurements into the context, which keeps it. */
    void decodePrompt() {
        context.decode(PROMPT);
    }

    /** Logits after the prompt under the present adapter set; [V]. The context is empty before and after. */
    float[] logits() {
        context.clear();
        decodePrompt();
        float[] logits = context.logits();
        context.clear();
        return logits;
    }

    /** The first fields of every report. */
    Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("machine", Machine.facts());
        facts.put("model", model.source());
        facts.put("adapter_type", type.name());
        facts.put("rank", weights.rank());
        facts.put("parameters", weights.parameters());
        facts.put("gguf_bytes", GgufAdapter.size(weights, type));
        return facts;
    }

    /** The first line of every report. */
    String title() {
        return String.format(
                Locale.ROOT,
                "%s, %s, rank %d, %,d parameters, %,d bytes",
                model.source(),
                type,
                weights.rank(),
                weights.parameters(),
                GgufAdapter.size(weights, type));
    }

    @Override
    public void close() {
        model.close(); // its context first
    }
}
