package org.dndllm.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorGraph;
import org.dndllm.generator.GeneratorWeights;
import org.dndllm.generator.Stage;
import org.dndllm.lora.AdapterLayout;

/** The embedded nano set, for tests. */
public final class Nano {
    public static final Path SET = Path.of(System.getProperty("dnd.root", "."), "onnx", "nano");
    public static final Path BASE = SET.resolve("base.gguf");
    public static final Path BUNDLE = SET.resolve("paper");
    public static final Path REVERSE = SET.resolve("tasks/reverse_train.json");
    public static final Path ADDITION = SET.resolve("tasks/addition_train.json");

    private Nano() {}

    /** A sealed bundle of the compact family with random weights: the encoder, base and prompts of {@link #BUNDLE}. */
    public static GeneratorBundle compactBundle(Path folder) {
        BundleManifest paper = GeneratorBundle.open(BUNDLE).manifest();
        AdapterLayout official = paper.layout();
        AdapterLayout layout = AdapterLayout.plain(
                official.shape(), official.rank(), official.alpha(), official.modules(), official.chunk());
        CompactConfig generator = GeneratorConfig.compact(
                3,
                8,
                32,
                paper.generator().stages().getFirst(),
                new Stage(24, 4, 16),
                new Stage(layout.tokens(), layout.rows(), layout.columns()));
        try (Stream<Path> files = Files.list(BUNDLE)) {
            Files.createDirectories(folder);
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!name.equals(GeneratorBundle.MANIFEST) && !name.equals(GeneratorBundle.GENERATOR)) {
                    Files.copy(file, folder.resolve(name));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        GeneratorGraph.export(
                generator, GeneratorWeights.random(generator, layout, 5), folder.resolve(GeneratorBundle.GENERATOR));
        return GeneratorBundle.seal(
                folder,
                "nano-compact-untrained",
                generator,
                layout,
                paper.base(),
                new BundleManifest.Training(false, "random numbers", 5));
    }

    /** A copy of the bundle with an edited manifest. */
    static Path bundleCopy(Path folder, UnaryOperator<String> edit) {
        Path copy = folder.resolve("bundle");
        try {
            Files.createDirectories(copy);
            try (Stream<Path> files = Files.list(BUNDLE)) {
                for (Path file : files.toList()) {
                    Files.copy(file, copy.resolve(file.getFileName()));
                }
            }
            Path manifest = copy.resolve("bundle.json");
            Files.writeString(manifest, edit.apply(Files.readString(manifest)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return copy;
    }
}
