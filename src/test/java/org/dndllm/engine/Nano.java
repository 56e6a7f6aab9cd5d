package org.dndllm.engine;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** The embedded nano set, for tests. */
public final class Nano {
    public static final Path SET = Path.of(System.getProperty("dnd.root", "."), "onnx", "nano");
    public static final Path BASE = SET.resolve("base.gguf");
    public static final Path BUNDLE = SET.resolve("paper");
    public static final Path REVERSE = SET.resolve("tasks/reverse_train.json");
    public static final Path ADDITION = SET.resolve("tasks/addition_train.json");

    private Nano() {}

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
