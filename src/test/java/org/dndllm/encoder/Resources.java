package org.dndllm.encoder;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.format.JsonValue;

/** Files under src/test/resources/encoder. */
final class Resources {
    private Resources() {}

    static Path path(String name) {
        URL url = Resources.class.getResource("/encoder/" + name);
        if (url == null) {
            throw new IllegalStateException("no test resource /encoder/" + name);
        }
        try {
            return Path.of(url.toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static JsonValue.Obj json(String name) {
        try {
            return JsonValue.parse(Files.readAllBytes(path(name)), name).asObject(name);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
