package org.dndllm.serve.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The page's files by their paths: {@code /} and {@code /page/NAME}. All are held in memory and listed by name, so that
 * no path of a request ever reaches a file system or a class loader. Immutable, thread-safe.
 */
public final class WebPage {
    /** Where everything but the page itself lies. */
    public static final String FOLDER = "/page/";

    private static final String INDEX = "index.html";
    private static final List<String> NAMES = List.of(
            INDEX,
            "icon.svg",
            "tokens.css",
            "controls.css",
            "layout.css",
            "parts.css",
            "main.js",
            "api.js",
            "chart.js",
            "chat.js",
            "column.js",
            "confirm.js",
            "dom.js",
            "evaluate.js",
            "format.js",
            "generate.js",
            "heatmap.js",
            "inspect.js",
            "key.js",
            "list.js",
            "records.js",
            "sse.js",
            "stages.js",
            "state.js",
            "turn.js");

    private static final Map<String, String> TYPES = Map.of(
            "html", "text/html; charset=utf-8",
            "css", "text/css; charset=utf-8",
            "js", "text/javascript; charset=utf-8",
            "svg", "image/svg+xml");

    /**
     * What every file is sent with. Only the server's own scripts and styles run, only the server is talked to, nobody
     * frames the page; the browser asks each time whether its copy is still the current one.
     */
    public static final Map<String, String> HEADERS = Map.of(
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
                    + " form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
            "X-Content-Type-Options",
            "nosniff",
            "Referrer-Policy",
            "no-referrer",
            "Cross-Origin-Opener-Policy",
            "same-origin",
            "Cross-Origin-Resource-Policy",
            "same-origin",
            "Permissions-Policy",
            "camera=(), geolocation=(), microphone=()",
            "Cache-Control",
            "no-cache");

    private final Map<String, PageFile> files;

    private WebPage(Map<String, PageFile> files) {
        this.files = files;
    }

    /** Reads the files from the class path. */
    public static WebPage load() {
        Map<String, PageFile> files = new LinkedHashMap<>();
        for (String name : NAMES) {
            String type = Objects.requireNonNull(TYPES.get(name.substring(name.indexOf('.') + 1)));
            files.put(name.equals(INDEX) ? "/" : FOLDER + name, new PageFile(read(name), type));
        }
        return new WebPage(files);
    }

    private static byte[] read(String name) {
        try (InputStream in = Objects.requireNonNull(WebPage.class.getResourceAsStream(name), name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The file under a path of the server; empty where there is none. */
    public Optional<PageFile> file(String path) {
        return Optional.ofNullable(files.get(path));
    }
}
