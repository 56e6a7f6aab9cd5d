package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.dndllm.encoder.BertConfig;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.BaseShape;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.WorldSpec;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticEncoder;
import org.dndllm.synth.SyntheticVocabulary;

/** Models with random weights and the nano world's words, for speed and memory work. */
final class SyntheticModels {
    /** all-MiniLM-L12-v2, but for its vocabulary, which is that of the nano world. */
    private static final BertConfig ENCODER = new BertConfig(384, 12, 12, 1536, 512, 2, 4096, 1e-12);

    private SyntheticModels() {}

    /**
     * Writes a base model.
     *
     * @param name of the shape, for {@code general.name}
     * @param vocabulary folder with vocab.json and merges.txt of Qwen2.5
     */
    static void writeBase(
            Path target, String name, BaseShape shape, Optional<Path> vocabulary, GgmlType type, long seed) {
        SyntheticVocabulary tokens = vocabulary
                .map(SyntheticVocabulary::fromFolder)
                .orElseGet(() -> NanoWorld.of(WorldSpec.standard()).bpeVocabulary());
        SyntheticBase.write(target, shape, tokens, type, seed, "synthetic-" + name);
    }

    /** Does something with the folder of an encoder that is there for the while. */
    static <T> T withEncoder(long seed, Function<Path, T> work) {
        try (TemporaryFolder folder = TemporaryFolder.create("dnd-encoder")) {
            Path encoder = folder.path().resolve("encoder");
            List<String> words = NanoWorld.of(WorldSpec.standard()).wordPieceVocabulary();
            SyntheticEncoder.write(encoder, ENCODER, words, seed);
            return work.apply(encoder);
        }
    }
}
