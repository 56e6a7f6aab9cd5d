package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.encoder.ConditionText;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.engine.AdapterPipeline;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.eval.benchmark.ConditionOrigin;
import org.dndllm.format.GgmlType;
import org.dndllm.format.Sha256;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.lora.LoraWeights;

/**
 * An adapter that is scored, loaded into the model, which closes it.
 *
 * @param origins of a generated adapter, one for each scored set
 */
record ScoredAdapter(String name, LoraAdapter adapter, List<ConditionOrigin> origins) {

    /** What it was made from, as far as the set of that index is concerned. */
    Optional<ConditionOrigin> origin(int set) {
        return origins.isEmpty() ? Optional.empty() : Optional.of(origins.get(set));
    }

    /** Loads adapters from files: GGUF or PEFT folders. */
    static List<ScoredAdapter> load(LlamaModel model, List<Path> paths, GgmlType type) {
        List<ScoredAdapter> loaded = new ArrayList<>();
        try (AdapterBuffer buffer = new AdapterBuffer()) {
            for (Path path : paths) {
                LoraWeights weights = AdapterFile.read(path, model.shape()).weights();
                loaded.add(new ScoredAdapter(
                        path.toString(), model.loadAdapter(buffer.write(weights, type), path.toString()), List.of()));
            }
        }
        return loaded;
    }

    /** Generates an adapter from each condition and loads it. */
    static List<ScoredAdapter> generate(
            LlamaModel model,
            EngineFlags engine,
            ConditionFlags flags,
            List<ConditionFlags.Condition> conditions,
            Output output) {
        if (conditions.isEmpty()) {
            return List.of();
        }
        GeneratorBundle bundle = GeneratorBundle.open(engine.generator());
        bundle.requireBase(model.shape(), engine.model());
        ConditionText trained = bundle.manifest().training().conditionText();
        if (trained != ConditionText.PROMPTS) {
            output.note(
                    "warning: the generator was trained on conditions of %s, here it reads prompts alone",
                    trained.label());
        }
        String base = Sha256.of(engine.model());
        List<ScoredAdapter> made = new ArrayList<>();
        try (AdapterPipeline pipeline =
                        AdapterPipeline.open(bundle, engine.options().session());
                AdapterBuffer buffer = new AdapterBuffer()) {
            for (ConditionFlags.Condition condition : conditions) {
                GeneratedAdapter adapter =
                        pipeline.generate(condition.prompts(), flags.seed(), condition.name(), base, output.progress());
                adapter.provenance().warnings().forEach(warning -> output.note("warning: %s", warning));
                made.add(new ScoredAdapter(
                        condition.name(),
                        model.loadAdapter(buffer.write(adapter.weights(), engine.adapterType()), condition.name()),
                        condition.origins()));
            }
        }
        return made;
    }
}
