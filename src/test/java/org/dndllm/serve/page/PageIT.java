package org.dndllm.serve.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.Nano;
import org.dndllm.engine.PromptReader;
import org.dndllm.format.JsonWriter;
import org.dndllm.llama.ContextOptions;
import org.dndllm.serve.DndServer;
import org.dndllm.serve.ServeOptions;
import org.dndllm.serve.adapter.AdapterLimits;
import org.dndllm.serve.adapter.AdapterRoot;
import org.dndllm.serve.http.HttpOptions;
import org.dndllm.serve.schedule.SchedulerOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The page of a real server in a real Chromium: what {@code src/test/browser} does and checks. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class PageIT {
    private static final ContextOptions CONTEXT =
            ContextOptions.DEFAULT.withContextLength(512).withThreads(1);
    private static final Path BUNDLE = Nano.SET.resolve("compact");
    private static final String KEY = "a key of the test";

    @TempDir
    Path folder;

    @Test
    void page_everyJobInChromium_worksAtBothWidths() throws IOException {
        // given
        Browser browser = Browser.orSkip();
        try (DndServer server = start(HttpOptions.DEFAULT);
                DndServer locked = start(HttpOptions.DEFAULT.withApiKeys(List.of(KEY)))) {
            Path settings = folder.resolve("settings.json");
            Files.writeString(settings, JsonWriter.write(settings(browser, server, locked)));
            // when
            List<Browser.Check> checks = Browser.checks(browser.node(), "drive.mjs", settings.toString());
            // then
            assertThat(checks).hasSizeGreaterThan(70);
            assertThat(checks).filteredOn(check -> !check.ok()).isEmpty();
        }
    }

    private static Map<String, Object> settings(Browser browser, DndServer server, DndServer locked) {
        Map<String, Object> settings = new LinkedHashMap<>();
        settings.put("url", "http://127.0.0.1:" + server.port());
        settings.put("keyUrl", "http://127.0.0.1:" + locked.port());
        settings.put("key", KEY);
        settings.put("playwright", browser.driver().toString());
        settings.put("chromium", browser.chromium().toString());
        settings.put("flags", Browser.FLAGS);
        settings.put("train", task("train").toString());
        settings.put("test", task("test").toString());
        settings.put("generator", GeneratorBundle.open(BUNDLE).manifest().name());
        settings.put("question", PromptReader.read(task("test")).prompts().getFirst());
        return settings;
    }

    /** A task that the shipped generator was not trained on; base model and adapter answer differently. */
    private static Path task(String split) {
        return Nano.SET.resolve("tasks/third-doubled_" + split + ".json").toAbsolutePath();
    }

    private static DndServer start(HttpOptions http) {
        return DndServer.start(new ServeOptions(
                Nano.BASE,
                "nano",
                List.of(BUNDLE),
                EngineOptions.DEFAULT,
                new SchedulerOptions(CONTEXT, 4, 3, 64),
                Optional.empty(),
                AdapterRoot.closed(),
                new AdapterLimits(8, 64, 1 << 24),
                http));
    }
}
