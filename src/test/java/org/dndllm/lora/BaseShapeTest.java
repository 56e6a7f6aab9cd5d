package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BaseShapeTest {
    private static final String CONFIG = "{\"model_type\": \"qwen2\", \"hidden_size\": 896, \"num_hidden_layers\": 24, "
            + "\"num_attention_heads\": 14, \"num_key_value_heads\": 2, \"intermediate_size\": 4864, "
            + "\"vocab_size\": 151936, \"tie_word_embeddings\": true}";

    @TempDir
    Path folder;

    @Test
    void fromConfigJson_qwen2AndVl_givesPublishedShapes() throws Exception {
        assertThat(read(CONFIG)).isEqualTo(BaseShape.QWEN2_5_0_5B);
        String vl =
                "{\"model_type\": \"qwen2_5_vl\", \"tie_word_embeddings\": true, \"text_config\": {\"hidden_size\": 2048, "
                        + "\"num_hidden_layers\": 36, \"num_attention_heads\": 16, \"num_key_value_heads\": 2, "
                        + "\"intermediate_size\": 11008, \"vocab_size\": 151936}}";
        assertThat(read(vl)).isEqualTo(BaseShape.VL_3B);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "model_type | \"llama\"", "hidden_size | 0", "hidden_size | \"x\"", "num_hidden_layers | 513",
                "num_hidden_layers | 1.5", "num_attention_heads | 10", "num_key_value_heads | 3",
                        "num_key_value_heads | 28",
                "intermediate_size | -1", "vocab_size | 99999999999", "tie_word_embeddings | 1",
            })
    void fromConfigJson_badField_throwsNamingIt(String field, String value) {
        String json = CONFIG.replaceFirst("\"" + field + "\": [^,}]*", "\"" + field + "\": " + value);
        assertThatThrownBy(() -> read(json))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(field);
    }

    private BaseShape read(String json) throws Exception {
        return BaseShape.fromConfigJson(Files.writeString(folder.resolve("config.json"), json));
    }

    @ParameterizedTest
    @CsvSource({
        "qwen2, 24, 896, 14, 2, 64, 4864, 151936, false, true", // published .gguf files may hold an output projection
        "qwen2, 24, 896, 14, 2, 64, 4864, 151669, true, true",
        "qwen2, 24, 896, 28, 4, 32, 4864, 151936, true, false", // the same widths, but other heads
        "qwen2vl, 24, 896, 14, 2, 64, 4864, 151936, true, false",
        "qwen2, 23, 896, 14, 2, 64, 4864, 151936, true, false",
        "qwen2, 24, 960, 15, 3, 64, 4864, 151936, true, false",
        "qwen2, 24, 896, 14, 7, 64, 4864, 151936, true, false",
        "qwen2, 24, 896, 14, 2, 64, 4865, 151936, true, false",
    })
    void takesAdaptersOf_otherShape_goesByWhatAdaptersSee(
            String architecture,
            int layers,
            int hidden,
            int heads,
            int kvHeads,
            int headDim,
            int intermediate,
            int vocab,
            boolean tied,
            boolean expected) {
        BaseShape other =
                new BaseShape(architecture, layers, hidden, heads, kvHeads, headDim, intermediate, vocab, tied);

        assertThat(BaseShape.QWEN2_5_0_5B.takesAdaptersOf(other)).isEqualTo(expected);
        assertThat(other.takesAdaptersOf(BaseShape.QWEN2_5_0_5B)).isEqualTo(expected);
    }
}
