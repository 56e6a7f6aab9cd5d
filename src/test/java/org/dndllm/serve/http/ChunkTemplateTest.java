package org.dndllm.serve.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.dndllm.format.JsonWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkTemplateTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "word", "a \"quoted\" word\n\\", "\u0001\ud800", "data: [DONE]\n\n", "é 漢 😀"})
    void with_anyText_isWhatTheWriterWrites(String text) {
        ChunkTemplate template = ChunkTemplate.of(ChunkTemplateTest::chunk);

        assertThat(template.with(text))
                .isEqualTo(JsonWriter.compact(chunk(text)))
                .doesNotContain("\n");
    }

    private static Map<String, Object> chunk(String text) {
        return Map.of("choices", List.of(Map.of("delta", Map.of("content", text))));
    }
}
