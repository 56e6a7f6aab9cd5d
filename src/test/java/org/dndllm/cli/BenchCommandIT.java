package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.engine.Nano;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The measurements run and print what they promise; their numbers are judged elsewhere, the soak by AdapterSoakIT. */
class BenchCommandIT {
    private static final String CONFIG = """
            {"model_type": "qwen2", "num_hidden_layers": 2, "hidden_size": 32, "num_attention_heads": 4,
             "num_key_value_heads": 2, "intermediate_size": 64, "vocab_size": 4096, "tie_word_embeddings": true}
            """;

    @TempDir
    Path folder;

    @Test
    void adapter_fewRounds_identicalAfterDetach() {
        JsonNode json = Cli.run("bench", "adapter", "--rounds", 3, "--json").json();

        assertThat(json.get("logits_identical_after_detach").asBoolean()).isTrue();
        assertThat(json.get("weights_to_attached_ms").get("n").asInt()).isEqualTo(3);
        assertThat(json.get("weights_to_attached_ms").get("median").asDouble()).isPositive();
        assertThat(json.get("model").asString())
                .isEqualTo(Cli.ROOT.resolve("onnx/nano/base.gguf").toString());
    }

    @Test
    void adapter_text_saysTheSame() {
        assertThat(Cli.run("bench", "adapter", "--rounds", 3, "--rank", 2, "--adapter-type", "f32")
                        .ok()
                        .out())
                .contains("F32, rank 2", "weights to attached", "bit-identical to before: yes");
    }

    @Test
    void decode_onePair_timesJavaAlone() {
        JsonNode json = Cli.run("bench", "decode", "--pairs", 1, "--tokens", 4, "--prompt-tokens", 16, "--json")
                .json();

        assertThat(json.get("java").get("wall_ms_per_token").get("median").asDouble())
                .isPositive();
        assertThat(json.has("c")).isFalse();
    }

    @Test
    void decode_peerAbsent_exitCodeThree() {
        Cli.run("bench", "decode", "--pairs", 1, "--tokens", 2, "--c-loop", folder.resolve("absent"))
                .refused(3, "absent");
    }

    @Test
    void countsOutOfRange_refusedBeforeAnyWork() {
        Cli.run("bench", "soak", "--rounds", 199).refused(2, "--rounds", "200");
        Cli.run("bench", "adapter", "--rounds", 0).refused(2, "--rounds");
        Cli.run("bench", "adapter", "--rank", 0).refused(2, "--rank");
        Cli.run("bench", "decode", "--pairs", 0).refused(2, "--pairs");
        Cli.run("bench", "decode", "--tokens", 0).refused(2, "--tokens");
        Cli.run("bench", "decode", "--tokens", 5000).refused(2, "1024");
    }

    @Test
    void synthesize_smallShape_writesAModelThatRuns() throws IOException {
        // given
        Path config = Files.writeString(folder.resolve("config.json"), CONFIG);
        Path model = folder.resolve("small.gguf");

        // when
        JsonNode json = Cli.run("bench", "synthesize", config, model, "--json").json();

        // then
        assertThat(json.get("synthetic").asBoolean()).isTrue();
        assertThat(Cli.run("inspect", model).ok().out()).contains("dnd.synthetic = true");
        Cli.run("chat", "-m", model, "--prompt", "hello", "-n", 2).ok();
        Cli.run("bench", "synthesize", config, model).refused(1, model.toString(), "exists already");
        Cli.run("demo", "-m", model)
                .refused(1, model.toString(), Nano.BUNDLE.getFileName().toString());
    }
}
