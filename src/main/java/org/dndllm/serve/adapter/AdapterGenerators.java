package org.dndllm.serve.adapter;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.engine.AdapterPipeline;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;
import org.dndllm.lora.BaseShape;

/** The generator bundles of a server by name, possibly none. One generation and one embedding at a time. */
public final class AdapterGenerators implements AutoCloseable {
    private final Map<String, AdapterPipeline> pipelines;

    private AdapterGenerators(Map<String, AdapterPipeline> pipelines) {
        this.pipelines = pipelines;
    }

    /**
     * Opens bundles for a base model.
     *
     * @param folders the first one is used where a request names none
     * @param base where the model is, for messages
     * @throws org.dndllm.InvalidInputException if one is malformed or made for another shape
     */
    public static AdapterGenerators open(List<Path> folders, BaseShape shape, Path base, EngineOptions options) {
        AdapterGenerators opened = new AdapterGenerators(new LinkedHashMap<>());
        try {
            for (Path folder : folders) {
                GeneratorBundle bundle = GeneratorBundle.open(folder);
                bundle.requireBase(shape, base);
                opened.pipelines.put(bundle.manifest().name(), AdapterPipeline.open(bundle, options));
            }
            return opened;
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** Names, the default first. */
    public List<String> names() {
        return List.copyOf(pipelines.keySet());
    }

    /** Name under which the sentence encoder's embeddings are served, where there is one. */
    public Optional<String> encoderName() {
        return pipelines.keySet().stream().findFirst().map(name -> name + "-encoder");
    }

    /** Turns texts into unit vectors, [N][C]. */
    public synchronized float[][] embed(List<String> texts) {
        return encoder().embed(texts);
    }

    /** Tokens of texts as the encoder reads them. */
    public synchronized int countTokens(List<String> texts) {
        SentenceEncoder encoder = encoder();
        return texts.stream()
                .mapToInt(text -> encoder.tokenizer().encode(text, encoder.maxPositions()).length)
                .sum();
    }

    private SentenceEncoder encoder() {
        return pipeline(Optional.empty()).encoder();
    }

    synchronized GeneratedAdapter generate(
            Optional<String> generator,
            PromptSet prompts,
            long seed,
            String name,
            String baseSha256,
            Progress progress) {
        return pipeline(generator).generate(prompts, seed, name, baseSha256, progress);
    }

    /** Refuses an unknown name before any work. */
    void require(Optional<String> generator) {
        pipeline(generator);
    }

    private AdapterPipeline pipeline(Optional<String> generator) {
        return generator
                .map(pipelines::get)
                .or(() -> generator.isPresent()
                        ? Optional.empty()
                        : pipelines.values().stream().findFirst())
                .orElseThrow(() -> new AdapterException(
                        AdapterException.Code.GENERATOR_NOT_FOUND,
                        pipelines.isEmpty()
                                ? "this server was started without a generator; start it with one"
                                : "there is no such generator; this server has " + names()));
    }

    @Override
    public void close() {
        new ArrayList<>(pipelines.values()).forEach(AdapterPipeline::close);
    }
}
