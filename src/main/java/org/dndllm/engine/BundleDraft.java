package org.dndllm.engine;

import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.EncoderShape;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.TensorView;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorGraph;
import org.dndllm.generator.WeightSource;
import org.dndllm.lora.AdapterLayout;

/** A bundle before its files are written. */
record BundleDraft(
        String name,
        GeneratorConfig config,
        AdapterLayout layout,
        BundleManifest.Base base,
        BundleManifest.Training training) {

    /**
     * Refuses an encoder whose states the generator cannot read.
     *
     * @param folder the encoder's, for errors
     */
    static void requireEncoder(GeneratorConfig config, Path folder, EncoderShape encoder) {
        String source = folder.resolve("config.json").toString();
        if (encoder.width() != config.channels()) {
            throw new InvalidInputException(
                    source,
                    "hidden_size",
                    "is " + encoder.width() + ", but the generator reads states of " + config.channels()
                            + " channels; take the encoder that it was trained with (all-MiniLM-L12-v2 for the official"
                            + " ones)");
        }
        int length = config.textLength();
        int block = encoder.maxPositions();
        if (length > block && length % block != 0) {
            throw new InvalidInputException(
                    source,
                    "max_position_embeddings",
                    "is " + block + ", but the generator reads " + length
                            + " tokens of a prompt, which is no multiple of"
                            + " it; take the encoder that it was trained with");
        }
    }

    /**
     * Writes the bundle, whole or not at all. The weights pass in pieces of some megabytes.
     *
     * @param encoder fills the folder with the encoder's files
     * @param replace whether an existing bundle gives way
     */
    GeneratorBundle write(
            Path target, AtomicFile.FolderBody encoder, WeightSource weights, boolean replace, Progress progress) {
        GeneratorBundle[] sealed = new GeneratorBundle[1];
        AtomicFile.writeFolder(
                target,
                inside -> {
                    encoder.fill(inside);
                    GeneratorGraph.export(
                            config,
                            new Counted(weights, config.parameters(), progress),
                            inside.resolve(GeneratorBundle.GENERATOR));
                    sealed[0] = GeneratorBundle.seal(inside, name, config, layout, base, training);
                },
                replace);
        return new GeneratorBundle(target, sealed[0].manifest(), sealed[0].sha256());
    }

    /** Tells how many of the weights have passed. */
    private static final class Counted implements WeightSource {
        private final WeightSource weights;
        private final long total;
        private final Progress progress;
        private long passed;

        Counted(WeightSource weights, long total, Progress progress) {
            this.weights = weights;
            this.total = total;
            this.progress = progress;
        }

        @Override
        public List<Long> shape(String weight) {
            return weights.shape(weight);
        }

        @Override
        public TensorView rows(String weight, long from, long to) {
            TensorView part = weights.rows(weight, from, to);
            passed = Math.min(total, passed + part.elements());
            progress.advanced("convert weights", passed, total);
            return part;
        }
    }
}
