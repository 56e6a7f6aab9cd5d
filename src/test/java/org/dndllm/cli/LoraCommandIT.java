package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.dndllm.cli.LoraSamples.lora;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.dndllm.engine.Nano;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.PeftAdapter;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** {@code dnd lora} and {@code dnd blend} on the embedded base, in llama.cpp and in training. */
class LoraCommandIT {
    private static final int[] PROMPT = {5, 17, 42, 99, 7, 250, 31, 64};
    /**
     * Of the largest logit, beside effects of a tenth and more. Two adapters that change the weights alike differ by
     * single-precision rounding in A and B and in the order of sums, some 1e-7. But llama.cpp keeps K and V in half precision,
     * and rounds activations to it before it multiplies them with the base's F16 weights: 1e-7 tips a few of these roundings,
     * of 5e-4 each, the other way. Differences of 0 to 6e-5 were seen.
     */
    private static final double TOLERANCE = 1e-3;

    private static LlamaModel model;

    @TempDir
    Path folder;

    private Path theirs;
    private Path ours;

    @BeforeAll
    static void open() {
        model = LlamaModel.open(Nano.BASE, ModelOptions.CPU);
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @BeforeEach
    void adapters() {
        LoraSamples samples = LoraSamples.write(folder);
        theirs = samples.theirs();
        ours = samples.ours();
    }

    /** In F32: llama.cpp rounds activations to the type of an adapter's tensors, and BF16 would blur what is compared. */
    private Path gguf(Path adapter) {
        Path gguf = folder.resolve(adapter.getFileName() + "-converted.gguf");
        Cli.run("convert", adapter, gguf, "--base", Nano.BASE, "--type", "f32").ok();
        return gguf;
    }

    /** Logits after the prompt, under adapters at scales. */
    private static float[] logits(Map<Path, Float> adapters) {
        List<AdapterSet.Entry> entries = new ArrayList<>();
        adapters.forEach((path, scale) -> entries.add(new AdapterSet.Entry(model.loadAdapter(path), scale)));
        try (LlamaContext context =
                model.newContext(ContextOptions.DEFAULT.withContextLength(64).withThreads(1))) {
            context.attach(AdapterSet.of(entries));
            context.decode(PROMPT);
            return context.logits();
        } finally {
            entries.forEach(entry -> entry.adapter().close());
        }
    }

    private static void assertAlike(Map<Path, Float> actual, Map<Path, Float> expected) {
        float[] wanted = logits(expected);
        assertThat(distance(wanted, logits(Map.of()))).as("effect").isGreaterThan(100 * TOLERANCE);
        assertThat(distance(logits(actual), wanted)).isLessThan(TOLERANCE);
    }

    /** Largest difference, by the largest logit. */
    private static double distance(float[] left, float[] right) {
        double most = 0;
        double largest = 0;
        for (int i = 0; i < left.length; i++) {
            most = Math.max(most, Math.abs(left[i] - right[i]));
            largest = Math.max(largest, Math.abs(right[i]));
        }
        return most / largest;
    }

    @Test
    void canonicalize_rankThatSuffices_sameLogits() {
        Path ready = folder.resolve("ready.gguf");

        JsonNode json = lora("canonicalize", theirs, ready, "--rank", 8, "--alpha", 16, "--zero-missing", "--json")
                .json();

        assertAlike(Map.of(ready, 1f), Map.of(gguf(theirs), 1f));
        int layers = model.shape().layers();
        assertThat(json.at("/relative_error").asDouble()).isBetween(1e-10, 1e-7);
        assertThat(json.at("/sources/0/rank").asInt()).isEqualTo(6);
        assertThat(json.at("/sources/0/types/0").asString()).isEqualTo("BF16");
        assertThat(json.at("/target/rank").asInt()).isEqualTo(8);
        assertThat(json.at("/target/alpha").asDouble()).isEqualTo(16);
        assertThat(json.at("/target/target_modules")).hasSize(7);
        assertThat(json.at("/target/bytes").asLong()).isEqualTo(ready.toFile().length());
        assertThat(json.get("pairs")).hasSize(7 * layers);
        assertThat(json.get("absent")).hasSize(4 * layers + layers - 1);
        assertThat(json.get("zero_filled").asBoolean()).isTrue();
        assertThat(json.get("left_out")).isEmpty();
    }

    @Test
    void canonicalize_shippedAdapter_sameLogitsAndSameBytesAgain() throws IOException {
        Path trained = Nano.SET.resolve("adapters/fifth-upper");
        Path once = folder.resolve("once");
        Path twice = folder.resolve("twice");

        lora("canonicalize", trained, once, "--rank", 5, "--alpha", 3).ok();
        lora("canonicalize", once, twice, "--rank", 5, "--alpha", 3).ok();

        assertAlike(Map.of(gguf(once), 1f), Map.of(gguf(trained), 1f));
        for (String file : List.of(PeftAdapter.WEIGHTS_FILE, PeftAdapter.CONFIG_FILE)) {
            assertThat(twice.resolve(file)).hasSameBinaryContentAs(once.resolve(file));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"f32", "f16", "bf16"})
    void canonicalize_ownGguf_sameBytes(String type) {
        Path once = folder.resolve("once.gguf");
        Path twice = folder.resolve("twice.gguf");

        lora("canonicalize", theirs, once, "--rank", 4, "--type", type).ok();
        lora("canonicalize", once, twice, "--rank", 4).ok();

        assertThat(twice).hasSameBinaryContentAs(once);
    }

    @Test
    void canonicalize_text_saysWhatIsAbsentAndWhatIsLeftOut() {
        Cli run = lora("canonicalize", theirs, folder.resolve("out"), "--rank", 2, "--modules", "q_proj,up_proj")
                .ok();

        assertThat(run.out())
                .contains("source    " + theirs + ": rank 6, alpha 7.0, ", " of q_proj v_proj down_proj, BF16, ")
                .contains("target    ", "rank 2, alpha 4.0", " of q_proj, F32, ")
                .contains("absent    from the source, not touched: up_proj in 4 layers")
                .contains("left out  not among the modules: v_proj in 1 layers, down_proj in 4 layers")
                .containsPattern("down_proj +4 +\\S+ +1\\.00e\\+00")
                .containsPattern("all +9 +\\S+ +\\d\\.\\d\\de-01");
    }

    @Test
    void rank_energy_keepsThatShareAndTheScale() {
        Path out = folder.resolve("out.gguf");

        JsonNode json = lora("rank", theirs, out, "--energy", 0.8, "--json").json();

        int rank = json.at("/target/rank").asInt();
        double error = json.get("relative_error").asDouble();
        assertThat(rank).isBetween(2, 5);
        assertThat(1 - error * error).isBetween(0.8, 0.999);
        assertThat(json.at("/target/alpha").asDouble() / rank).isCloseTo(7.0 / 6, Offset.offset(1e-6));
        JsonNode less = lora("rank", theirs, folder.resolve("less"), "--rank", rank - 1, "--json")
                .json();
        double lost = less.get("relative_error").asDouble();
        assertThat(1 - lost * lost).isLessThan(0.8);
        assertThat(less.at("/target/bytes").asLong())
                .isLessThan(json.at("/sources/0/bytes").asLong() * 2);
    }

    @Test
    void blend_exactSum_sameLogitsAsBothAtTheirScales() {
        Path both = folder.resolve("both.gguf");
        Path peft = folder.resolve("both");

        JsonNode json = Cli.run(
                        "blend",
                        both,
                        "--lora-scaled",
                        theirs + ":0.5",
                        "--lora-scaled",
                        ours + ":-0.75",
                        "--base",
                        Nano.BASE,
                        "--json")
                .json();
        lora("blend", peft, "--lora-scaled", theirs + ":0.5", "--lora-scaled", ours + ":-0.75")
                .ok();

        assertAlike(Map.of(both, 1f), Map.of(gguf(theirs), 0.5f, ours, -0.75f));
        assertThat(gguf(peft)).hasSameBinaryContentAs(both);
        assertThat(json.at("/target/rank").asInt()).isEqualTo(10);
        assertThat(json.get("relative_error").asDouble()).isLessThan(1e-7);
        assertThat(json.at("/sources/1/weight").asDouble()).isEqualTo(-0.75);
    }

    @Test
    void blend_cut_reportsItsErrorAgainstTheExactSum() {
        JsonNode json = lora("blend", folder.resolve("out"), "--lora", ours, "--lora", theirs, "--rank", 5, "--json")
                .json();

        assertThat(json.at("/target/rank").asInt()).isEqualTo(5);
        assertThat(json.get("relative_error").asDouble()).isBetween(0.05, 0.9);
        assertThat(json.at("/modules/o_proj/relative_error").asDouble()).isLessThan(1e-7); // ours alone, of rank 4
        assertThat(json.at("/modules/q_proj/relative_error").asDouble()).isGreaterThan(0.05);
    }

    @ParameterizedTest
    @CsvSource({"f32, 0, 1e-12", "f16, 1e-5, 1e-3", "bf16, 1e-4, 1e-2", "q8_0, 1e-3, 1e-2"})
    void quantize_everyType_reportsItsErrorAndBytes(String type, double least, double most) {
        Path out = folder.resolve("out.gguf");

        JsonNode json = lora("quantize", ours, out, "--type", type, "--json").json();

        assertThat(json.get("relative_error").asDouble()).isBetween(least, most);
        assertThat(json.at("/target/bytes").asLong()).isEqualTo(out.toFile().length());
        if (!type.equals("f32")) {
            assertThat(out.toFile().length()).isLessThan(ours.toFile().length());
        }
        assertThat(json.at("/target/types").toString()).containsIgnoringCase(type);
        assertThat(logits(Map.of(out, 1f))).doesNotContain(Float.NaN);
    }

    @Test
    void quantize_noType_isQ8() {
        Cli run = lora("quantize", theirs, folder.resolve("out.gguf")).ok();

        assertThat(run.out()).contains("F16 and Q8_0"); // B has rows of 6 values
    }

    @Test
    void train_onCanonicalAdapters_takesThem() throws IOException {
        Path tasks = Files.createDirectories(folder.resolve("tasks"));
        for (String task : List.of("copy", "other")) {
            StringBuilder items = new StringBuilder("[");
            for (int i = 0; i < 12; i++) {
                items.append(i == 0 ? "" : ",")
                        .append("{\"prompt\": \"%s %d\", \"response\": \"%d\", \"system\": \"\"}"
                                .formatted(task, i, i));
            }
            Files.writeString(tasks.resolve(task + "_train.json"), items.append("]"));
        }
        Path loras = folder.resolve("loras");
        lora("canonicalize", theirs, loras.resolve("copy/theirs"), "--rank", 2, "--zero-missing")
                .ok();
        lora("canonicalize", ours, loras.resolve("other/ours"), "--rank", 2, "--zero-missing")
                .ok();

        Cli run = Cli.run(
                ("train %s --save-to %s --json --objective recon --lora-dir %s --rank 2 --steps 2 --warmup 1 --prompts 6"
                                + " --length 12 --slots 4 --width 8 --stages 8,2,32 --tasks-per-step 2")
                        .formatted(tasks, folder.resolve("bundle"), loras)
                        .split(" "));

        assertThat(run.json().get("objective").asString()).isEqualTo("recon");
    }
}
