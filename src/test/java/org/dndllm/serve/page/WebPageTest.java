package org.dndllm.serve.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class WebPageTest {
    private static final Path SOURCES =
            Path.of(System.getProperty("dnd.root", "."), "src", "main", "resources", "org", "dndllm", "serve", "page");
    private static final Pattern LINK = Pattern.compile("(?:src|href)=\"(/[^\"]*)\"");
    private static final Pattern IMPORT = Pattern.compile("from '\\./([^']+)'");

    private final WebPage page = WebPage.load();

    @Test
    void load_everyFileInTheFolder_isServed() throws IOException {
        // given
        List<Path> sources;
        try (Stream<Path> files = Files.list(SOURCES)) {
            sources = files.toList();
        }
        // then
        assertThat(sources).hasSizeGreaterThan(10);
        for (Path source : sources) {
            String name = String.valueOf(source.getFileName());
            String path = name.equals("index.html") ? "/" : WebPage.FOLDER + name;
            assertThat(page.file(path)).as(name).isPresent();
            assertThat(page.file(path).orElseThrow().content()).as(name).isEqualTo(Files.readAllBytes(source));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/page/",
                "/page/index.html",
                "/page/../api.js",
                "//page/main.js",
                "/page/WebPage.class",
                "/x"
            })
    void file_unlistedPath_isEmpty(String path) {
        assertThat(page.file(path)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "/,text/html; charset=utf-8",
        "/page/main.js,text/javascript; charset=utf-8",
        "/page/tokens.css,text/css; charset=utf-8",
        "/page/icon.svg,image/svg+xml"
    })
    void file_type_isTheBrowsers(String path, String type) {
        assertThat(page.file(path).orElseThrow().type()).isEqualTo(type);
    }

    /** What the content security policy would stop, and what would reach beyond the server. */
    @Test
    void files_everything_staysOnTheServer() {
        String index = text("/");
        assertThat(index).doesNotContain("style=", "onclick", "<style").doesNotContainPattern("<script(?![^>]*src=)");
        Matcher links = LINK.matcher(index);
        while (links.find()) {
            assertThat(page.file(Objects.requireNonNull(links.group(1))))
                    .as(links.group(1))
                    .isPresent();
        }
        try (Stream<Path> files = Files.list(SOURCES)) {
            for (Path source : files.toList()) {
                String text = Files.readString(source).replace("http://www.w3.org/2000/svg", "");
                assertThat(text).as(source.toString()).doesNotContain("http://", "https://", "innerHTML", "eval(");
                Matcher imports = IMPORT.matcher(text);
                while (imports.find()) {
                    assertThat(page.file(WebPage.FOLDER + imports.group(1)))
                            .as("%s imports %s", source.getFileName(), imports.group(1))
                            .isPresent();
                }
            }
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void headers_policy_allowsOwnScriptsOnly() {
        assertThat(WebPage.HEADERS.get("Content-Security-Policy"))
                .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
                .doesNotContain("unsafe", "*", "data:");
    }

    @Test
    void isKnown_ownTag_inAnyForm() {
        // given
        PageFile file = page.file("/").orElseThrow();
        // then
        assertThat(file.etag()).matches("\"[0-9a-f]{32}\"");
        assertThat(List.of(file.etag(), "W/" + file.etag(), "\"x\", " + file.etag(), "*"))
                .allMatch(file::isKnown);
        assertThat(List.of("", "\"x\"", file.etag().replace("\"", ""))).noneMatch(file::isKnown);
    }

    private String text(String path) {
        return new String(page.file(path).orElseThrow().content(), StandardCharsets.UTF_8);
    }
}
