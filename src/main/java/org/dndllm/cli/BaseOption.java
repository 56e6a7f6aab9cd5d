package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.BaseModel;
import org.dndllm.engine.BundleManifest;
import org.dndllm.format.GgufFile;
import org.dndllm.lora.BaseShape;

/** A base model named by file or by published size: its shape is all that format conversions need. */
final class BaseOption {
    static final String HELP =
            "Base model: a .gguf file, a config.json (or its folder), or a size such as qwen2.5-0.5b.";

    private static final Map<String, BaseShape> SIZES = Map.of(
            "qwen2.5-0.5b", BaseShape.QWEN2_5_0_5B,
            "qwen2.5-1.5b", BaseShape.QWEN2_5_1_5B,
            "qwen2.5-3b", BaseShape.QWEN2_5_3B,
            "qwen2.5-7b", BaseShape.QWEN2_5_7B,
            "qwen2.5-14b", BaseShape.QWEN2_5_14B,
            "qwen2.5-32b", BaseShape.QWEN2_5_32B,
            "qwen2.5-72b", BaseShape.QWEN2_5_72B,
            "qwen2.5-vl-3b", BaseShape.VL_3B);

    private static final String CONFIG = "config.json";

    private BaseOption() {}

    static BaseShape shape(String base) {
        BaseShape known = SIZES.get(base.toLowerCase(Locale.ROOT));
        if (known != null) {
            return known;
        }
        Path path = file(base);
        if (base.endsWith(".json") || path.endsWith(CONFIG)) {
            return BaseShape.fromConfigJson(path);
        }
        try (GgufFile file = GgufFile.open(path)) {
            return BaseShape.fromGguf(file);
        }
    }

    /** A published size by its name; another name is a usage error. */
    static BaseShape size(String flag, String name) {
        BaseShape known = SIZES.get(name.toLowerCase(Locale.ROOT));
        if (known == null) {
            throw Flags.wrong(
                    flag,
                    "is '" + name + "', expected one of "
                            + SIZES.keySet().stream().sorted().toList());
        }
        return known;
    }

    /** With a name, and of a .gguf file the hash, by which a bundle knows its base model. */
    static BaseModel model(String base) {
        BaseShape shape = shape(base);
        if (SIZES.containsKey(base.toLowerCase(Locale.ROOT))) {
            return new BaseModel(base, shape, new BundleManifest.Base(base, Optional.empty()));
        }
        Path path = file(base);
        if (base.endsWith(".json") || path.endsWith(CONFIG)) {
            Path folder = path.toAbsolutePath().normalize().getParent();
            String name = String.valueOf(
                    Optional.ofNullable(folder).map(Path::getFileName).orElse(path));
            return new BaseModel(path.toString(), shape, new BundleManifest.Base(name, Optional.empty()));
        }
        return new BaseModel(base, shape, BundleManifest.Base.ofGguf(path));
    }

    private static Path file(String base) {
        Path path = Path.of(base);
        if (Files.isDirectory(path)) {
            return path.resolve(CONFIG);
        }
        if (!Files.isRegularFile(path)) {
            throw new InvalidInputException(
                    base,
                    "--base",
                    "is neither a file nor one of "
                            + SIZES.keySet().stream().sorted().toList());
        }
        return path;
    }
}
