package org.dndllm.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.dndllm.format.GgufFile;
import org.dndllm.format.Sha256;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorGraph;
import org.dndllm.generator.GeneratorWeights;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.TargetModule;

/** The embedded nano set, and an untrained bundle for it whose size and content no training can change. */
public final class Nano {
    public static final Path SET = Path.of(System.getProperty("dnd.root", "."), "onnx", "nano");
    public static final Path BASE = SET.resolve("base.gguf");
    /** Six small tasks of their own: tests should not change with the shipped ones. */
    public static final Path TASKS =
            Path.of(System.getProperty("dnd.root", "."), "src", "test", "resources", "nano-prompts");

    public static final Path REVERSE = TASKS.resolve("reverse_train.json");
    public static final Path ADDITION = TASKS.resolve("addition_train.json");

    /** N, L, C of the condition; C is the width of the shipped encoder. */
    static final Stage CONDITION = new Stage(16, 48, 64);

    private static final long SEED = 2506_16406L;
    private static final List<String> NOT_ENCODER =
            List.of(GeneratorBundle.MANIFEST, GeneratorBundle.GENERATOR, OutOfDistribution.FILE);

    /**
     * Paper family, seeded random weights, for the shipped base and encoder. Alpha is far above the usual 2 x rank: an
     * untrained generator puts out small weights, and tests must see some.
     */
    public static final Path BUNDLE = paperBundle();

    private Nano() {}

    private static Path paperBundle() {
        try {
            Path folder = Files.createTempDirectory("dnd-nano-paper");
            Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(folder)));
            Path bundle = Files.createDirectory(folder.resolve("paper"));
            copy(SET.resolve("compact"), bundle, NOT_ENCODER);
            AdapterLayout layout = AdapterLayout.of(shape(), 4, 512, List.of(TargetModule.values()), 32);
            PaperConfig generator = GeneratorConfig.paper(
                    5,
                    CONDITION,
                    new Stage(16, 24, 48),
                    new Stage(32, 12, 40),
                    new Stage(layout.tokens(), layout.rows(), layout.columns()));
            GeneratorGraph.export(
                    generator, GeneratorWeights.random(generator, SEED), bundle.resolve(GeneratorBundle.GENERATOR));
            GeneratorBundle.seal(
                    bundle,
                    "nano-paper-untrained",
                    generator,
                    layout,
                    new BundleManifest.Base("dnd-nano-base", Sha256.of(BASE)),
                    new BundleManifest.Training(false, "untrained weights: random numbers", SEED));
            return bundle;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static BaseShape shape() {
        try (GgufFile base = GgufFile.open(BASE)) {
            return BaseShape.fromGguf(base);
        }
    }

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
        try {
            copy(BUNDLE, Files.createDirectories(folder), NOT_ENCODER);
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
            copy(BUNDLE, Files.createDirectories(copy), List.of());
            Path manifest = copy.resolve("bundle.json");
            Files.writeString(manifest, edit.apply(Files.readString(manifest)));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return copy;
    }

    private static void copy(Path from, Path to, List<String> without) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!without.contains(name)) {
                    Files.copy(file, to.resolve(name));
                }
            }
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
