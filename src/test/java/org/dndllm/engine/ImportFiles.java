package org.dndllm.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.dndllm.format.JsonValue;
import org.dndllm.format.Sha256;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.lora.BaseShape;

/** The golden files of {@code src/test/resources/import}, whose README says how they came about. */
public final class ImportFiles {
    public static final Path FOLDER = folder();
    public static final Path ENCODER = FOLDER.resolve("encoder");
    public static final Path PLAIN = FOLDER.resolve("plain-f32.pth");
    public static final Path SUPER_LARGE = FOLDER.resolve("superlarge-f32.pth");

    /** The base model that the golden generators' tokens fit; its vocabulary is that of a synthetic one. */
    public static final BaseShape BASE = new BaseShape(BaseShape.QWEN2, 1, 32, 2, 2, 16, 64, 752, true);

    static final PaperConfig PLAIN_CONFIG =
            GeneratorConfig.paper(3, new Stage(3, 24, 16), new Stage(5, 12, 10), new Stage(17, 4, 34));
    static final PaperConfig SUPER_LARGE_CONFIG =
            GeneratorConfig.superLarge(1024, 3, new Stage(3, 20, 16), new Stage(4, 10, 12), new Stage(17, 4, 34));

    private ImportFiles() {}

    static BaseModel base() {
        return new BaseModel("base.gguf", BASE, new BundleManifest.Base("tiny", Sha256.of(new byte[] {1})));
    }

    /** A request that fits the golden files. */
    static GeneratorImport.Request request(Path target) {
        return new GeneratorImport.Request(
                ENCODER, base(), Optional.empty(), Optional.empty(), "golden", target, false);
    }

    /** @param kind plain or superlarge */
    static List<String> prompts(String kind) {
        return golden().object("prompts").array(kind).strings();
    }

    private static JsonValue.Obj golden() {
        Path file = FOLDER.resolve("golden.json");
        try {
            return JsonValue.parse(Files.readAllBytes(file), file.toString()).asObject(file.toString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path folder() {
        try {
            return Path.of(Objects.requireNonNull(ImportFiles.class.getResource("/import"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
