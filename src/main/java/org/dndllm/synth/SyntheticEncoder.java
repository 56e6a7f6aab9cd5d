package org.dndllm.synth;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.BertConfig;
import org.dndllm.encoder.BertGraph;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.JsonWriter;
import org.dndllm.format.TensorView;

/**
 * A small sentence encoder with random weights, for the nano set until a trained one exists: shapes, files and code paths
 * are those of a real one, its embeddings reflect which words a text holds and nothing more.
 *
 * <p>The same shape, corpus and seed give the same bytes on every machine.
 */
public final class SyntheticEncoder {
    /** BERT's own spread of initial weights. */
    private static final float SPREAD = 0.02f;

    /**
     * Word vectors get more than BERT's 0.02, and queries and keys are scaled up: with 0.02 everywhere attention is even,
     * every text becomes almost the same mean, and a generator would see one prompt N times.
     */
    private static final float WORD_SPREAD = 1f;

    private static final float ATTENTION_SPREAD = 0.1f;

    private SyntheticEncoder() {}

    /**
     * The shape of the nano set's encoder around a vocabulary of that many tokens: C = 128, 2 layers, 4 heads.
     *
     * @param maxPositions the longest text in tokens
     */
    public static BertConfig nano(int vocabulary, int maxPositions) {
        return new BertConfig(128, 2, 4, 256, maxPositions, 2, vocabulary, 1e-12);
    }

    /**
     * Writes {@code config.json}, {@code tokenizer_config.json}, {@code vocab.txt} and {@code encoder.onnx} into a folder,
     * which then opens as a {@link org.dndllm.encoder.SentenceEncoder}. The folder appears whole or not at all.
     *
     * @param folder must not exist yet
     * @param shape {@code vocabulary} is the wish; the file says how many tokens there really are
     * @param corpus texts whose words become the vocabulary
     */
    public static void write(Path folder, BertConfig shape, List<String> corpus, long seed) {
        if (corpus.isEmpty()) {
            throw new InvalidInputException("<corpus>", "texts", "there are none; give at least one.");
        }
        List<String> vocabulary = WordPieceVocabulary.of(corpus, shape.vocabulary());
        BertConfig config = new BertConfig(
                shape.hidden(),
                shape.layers(),
                shape.heads(),
                shape.intermediate(),
                shape.maxPositions(),
                shape.typeVocabulary(),
                vocabulary.size(),
                shape.layerNormEps());
        AtomicFile.writeFolder(
                folder,
                target -> {
                    BertGraph.export(config, weights(config, seed), target.resolve("encoder.onnx"));
                    Map<String, Object> json = new LinkedHashMap<>(config.toJson());
                    json.put("dnd_synthetic", true);
                    json.put("dnd_seed", seed);
                    AtomicFile.writeString(target.resolve("config.json"), JsonWriter.write(json));
                    AtomicFile.writeString(
                            target.resolve("tokenizer_config.json"), JsonWriter.write(Map.of("do_lower_case", true)));
                    AtomicFile.writeString(target.resolve("vocab.txt"), String.join("\n", vocabulary) + "\n");
                },
                false);
    }

    private static Map<String, TensorView> weights(BertConfig config, long seed) {
        SplittableRandom root = new SplittableRandom(seed);
        Map<String, TensorView> weights = new LinkedHashMap<>();
        config.tensorShapes().forEach((name, shape) -> weights.put(name, tensor(name, shape, root.split())));
        return weights;
    }

    private static TensorView tensor(String name, List<Long> shape, SplittableRandom random) {
        int count = 1;
        for (long dim : shape) {
            count = Math.multiplyExact(count, Math.toIntExact(dim));
        }
        float[] values = new float[count];
        boolean norm = name.endsWith("LayerNorm.weight");
        float spread = name.endsWith(".bias") || norm ? 0 : spread(name);
        for (int i = 0; i < count; i++) {
            values[i] = (norm ? 1f : 0f) + spread * gaussian(random);
        }
        return TensorView.ofFloats(name, shape, values);
    }

    private static float spread(String name) {
        if (name.endsWith("word_embeddings.weight")) {
            return WORD_SPREAD;
        }
        return name.contains("self.query") || name.contains("self.key") ? ATTENTION_SPREAD : SPREAD;
    }

    /** Sum of twelve uniforms: near enough to normal, and free of library functions that may differ between machines. */
    private static float gaussian(SplittableRandom random) {
        double sum = -6;
        for (int i = 0; i < 12; i++) {
            sum += random.nextDouble();
        }
        return (float) sum;
    }
}
