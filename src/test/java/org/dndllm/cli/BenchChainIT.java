package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.Nano;
import org.dndllm.engine.PromptReader;
import org.dndllm.format.Sha256;
import org.dndllm.onnx.LayoutCache;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class BenchChainIT {
    private static final List<String> STAGES = List.of(
            "encode",
            "generate",
            "detokenize",
            "convert",
            "load",
            "attach",
            "first_token",
            "to_attached",
            "to_first_token");

    @TempDir
    Path folder;

    private Cli chain(Object... more) {
        Object[] all = new Object[more.length + 12];
        System.arraycopy(
                new Object[] {
                    "bench", "chain", "--rounds", 2, "--pairs", 3, "--prompt-tokens", 16, "--tokens", 4, "-t", 1
                },
                0,
                all,
                0,
                12);
        System.arraycopy(more, 0, all, 12, more.length);
        return Cli.run(all);
    }

    @Test
    void chain_nanoSet_everyStageSpeedAndMemory() throws IOException {
        // when
        Path saved = folder.resolve("before.json");
        JsonNode json = chain("--json", "--save", saved).json();

        // then
        JsonNode side = json.at("/sides/0");
        assertThat(json.get("sides")).hasSize(1);
        assertThat(side.get("name").asString()).isEqualTo("cpu");
        for (String stage : STAGES) {
            assertThat(side.at("/stages_ms/" + stage + "/n").asInt()).as(stage).isEqualTo(2);
            assertThat(side.at("/stages_ms/" + stage + "/median").asDouble())
                    .as(stage)
                    .isPositive();
            assertThat(side.at("/cold_ms/" + stage).asDouble()).as(stage).isPositive();
        }
        assertThat(side.at("/stages_ms/to_attached/min").asDouble())
                .as("the whole is no less than its parts")
                .isGreaterThan(side.at("/stages_ms/encode/min").asDouble()
                        + side.at("/stages_ms/load/min").asDouble());
        for (String speed : List.of("prompt_tokens_per_second", "decode_tokens_per_second")) {
            for (String what : List.of("base", "adapter", "ratio")) {
                assertThat(side.at("/" + speed + "/" + what + "/n").asInt()).isEqualTo(3);
                assertThat(side.at("/" + speed + "/" + what + "/min").asDouble())
                        .isPositive();
            }
        }
        assertThat(side.get("adapter_effect_on_logits").asDouble()).isPositive();
        assertThat(json.get("synthetic").asBoolean()).isFalse();
        assertThat(json.at("/base/sha256").asString()).isEqualTo(Sha256.of(Nano.BASE));
        assertThat(json.at("/bundle/sha256").asString()).isEqualTo(Sha256.of(Nano.SET.resolve("compact/bundle.json")));
        assertThat(json.at("/machine/processors").asInt()).isPositive();

        // and: memory, where the system tells
        if (Files.exists(Path.of("/proc/self/status"))) {
            long all = side.at("/memory/peak_resident_bytes").asLong();
            assertThat(side.at("/memory/peak_anonymous_bytes").asLong()).isBetween(1_000_000L, all);
            assertThat(side.at("/memory/peak_file_bytes").asLong()).isBetween(1_000_000L, all);
        }

        // and: the file is what was printed, and compares with itself and with another run
        assertThat(JsonMapper.shared().readTree(Files.readString(saved)).get("sides"))
                .hasToString(json.get("sides").toString());
        Cli itself = Cli.run("bench", "compare", saved, saved).ok();
        assertThat(itself.out()).contains("after / before", "1.000").doesNotContain("differs");
        JsonNode compared =
                chain("--json", "--compare", saved, "--adapter-type", "f32").json();
        assertThat(compared.at("/comparison/differences").toString()).contains("adapter_type: F16 / F32");
        JsonNode decode = compared.at("/comparison/sides/cpu").get("/decode_tokens_per_second/base/median");
        assertThat(decode.get("ratio").asDouble())
                .isEqualTo(decode.get("after").asDouble() / decode.get("before").asDouble());
    }

    @Test
    void measure_fused_hasTheStagesOfOneGraph() {
        EngineOptions options = EngineOptions.DEFAULT.withSession(SessionOptions.defaults()
                .withThreads(1)
                .withLayouts(new LayoutCache(folder.resolve("layouts"), LayoutCache.Listener.NONE)));
        ChainPlan plan = new ChainPlan(Nano.BASE, "0", Nano.BUNDLE, PromptReader.read(Nano.REVERSE), 1, 1, 16, 4);

        JsonNode side = JsonMapper.shared()
                .valueToTree(ChainSide.measure("cpu", plan, options.withFused(), (what, done, total) -> {}));

        assertThat(side.at("/stages_ms/tokenize/n").asInt()).isEqualTo(1);
        assertThat(side.at("/stages_ms/generate/median").asDouble()).isPositive();
        assertThat(side.get("stages_ms").has("encode")).isFalse();
        assertThat(side.get("adapter_effect_on_logits").asDouble()).isPositive();
    }

    @Test
    void chain_untrainedGenerator_isMarkedAndShown() {
        Cli run = chain("--generator", Nano.BUNDLE, "--prompts", Nano.REVERSE).ok();
        assertThat(run.out())
                .startsWith("SYNTHETIC RANDOM WEIGHTS")
                .contains("encode prompts", "decode, adapter / base by pairs", "peak anonymous")
                .doesNotContain("GPU");
    }

    @Test
    void chain_deviceThatIsNotThere_failsBeforeAnythingIsTimed() {
        chain("-ngl", 9, "--backend", "vulkan").refused(3, "vulkan");
    }

    @Test
    void compare_otherFiles_refusedByName() throws IOException {
        Path other = Files.writeString(folder.resolve("other.json"), "{\"benchmark\": \"soak\"}");
        Cli.run("bench", "compare", other, other).refused(1, other.toString(), "benchmark");
        Path text = Files.writeString(folder.resolve("text.json"), "no json");
        chain("--compare", text).refused(1, text.toString(), "JSON");
        chain("--compare", folder.resolve("absent.json")).refused(1, "absent.json");
        Path gpu = Files.writeString(
                folder.resolve("gpu.json"), "{\"benchmark\": \"chain\", \"sides\": [{\"name\": \"cuda\"}]}");
        Path cpu = Files.writeString(
                folder.resolve("cpu.json"), "{\"benchmark\": \"chain\", \"sides\": [{\"name\": \"cpu\"}]}");
        Cli.run("bench", "compare", gpu, cpu).refused(1, gpu.toString(), "[cuda]", "[cpu]");
    }

    @Test
    void preset_anotherModelInItsPlace_refused() throws IOException {
        Path there = folder.resolve("qwen2.5-0.5b-shape-q8_0.gguf");
        Files.copy(Nano.BASE, there);
        chain("--preset", "qwen2.5-0.5b", "--work", folder).refused(1, there.toString(), "no random model");
    }
}
