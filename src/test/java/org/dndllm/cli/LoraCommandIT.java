package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.assertj.core.data.Offset;
import org.dndllm.engine.Nano;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.lora.TargetModule;
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

    private Path theirs; // rank 6, alpha 7, BF16, q and down of all layers, v of the last alone
    private Path ours; // rank 4, alpha 8, F32, all modules

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
        theirs = folder.resolve("theirs");
        ours = folder.resolve("ours.gguf");
        PeftAdapter.write(theirs, random(6, 7, EnumSet.of(TargetModule.Q_PROJ, TargetModule.DOWN_PROJ), 71), Map.of());
        LoraWeights all = random(4, 8, EnumSet.allOf(TargetModule.class), 72);
        GgufAdapter.write(ours, all, GgmlType.F32);
    }

    /** Values as large as those of trained adapters: the effect on logits is plain. */
    private static LoraWeights random(int rank, float alpha, Set<TargetModule> modules, long seed) {
        BaseShape shape = model.shape();
        Random random = new Random(seed);
        List<LoraTensor> pairs = new ArrayList<>();
        for (int layer = 0; layer < shape.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                if (modules.contains(module) || (module == TargetModule.V_PROJ && layer == shape.layers() - 1)) {
                    float[] a = normal(random, rank * shape.in(module));
                    float[] b = normal(random, shape.out(module) * rank);
                    pairs.add(new LoraTensor(layer, module, a, b));
                }
            }
        }
        LoraWeights weights = LoraWeights.of(shape, rank, alpha, DType.F32, pairs);
        return rank == 6 ? weights.withDtype(DType.BF16) : weights;
    }

    private static float[] normal(Random random, int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) (0.15 * random.nextGaussian());
        }
        return values;
    }

    private static Cli lora(Object... arguments) {
        List<Object> words = new ArrayList<>(List.of("lora"));
        words.addAll(List.of(arguments));
        words.addAll(List.of("--base", Nano.BASE));
        return Cli.run(words.toArray());
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

    /** What each refusal must name, its exit code, and the arguments: S is a sound source, T a target. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "2 | rank | canonicalize S T --rank 0",
                "2 | rank | canonicalize S T --rank 1000 --modules q_proj",
                "2 | rank | canonicalize S T --rank 100000",
                "2 | --alpha | canonicalize S T --alpha NaN",
                "2 | --alpha | canonicalize S T --alpha infinity",
                "2 | --alpha | canonicalize S T --alpha many",
                "2 | alpha | canonicalize S T --alpha 0",
                "2 | alpha | canonicalize S T --alpha 1e30",
                "2 | --modules | canonicalize S T --modules c_attn",
                "2 | modules | canonicalize S T --modules gate_proj --rank 2",
                "2 | --type | canonicalize S T --type q8_0",
                "2 | --type | canonicalize S T.gguf --type q2_k",
                "1 | absent | canonicalize absent T",
                "2 | --rank | rank S T --rank 0",
                "2 | rank | rank S T --rank 1000",
                "2 | --energy | rank S T",
                "2 | --energy | rank S T --rank 2 --energy 0.5",
                "2 | --energy | rank S T --energy 0",
                "2 | --energy | rank S T --energy 1.01",
                "2 | --energy | rank S T --energy NaN",
                "2 | --lora | blend T",
                "2 | --lora-scaled | blend T --lora-scaled S:much",
                "2 | --lora-scaled | blend T --lora-scaled S:NaN",
                "1 | factor | blend T --lora-scaled S:0",
                "2 | --rank | blend T --lora S --rank 0",
                "2 | rank | blend T --lora S --rank 1000",
                "1 | absent.gguf | blend T --lora S --lora absent.gguf",
                "2 | TARGET | quantize S T",
                "2 | --type | quantize S T.gguf --type q4_0",
                "1 | other | quantize other T.gguf",
            })
    void wrongUse_refusedAndNothingWritten(int code, String word, String line) throws IOException {
        // given: an adapter for a base of another shape as well
        Path other = folder.resolve("other");
        Files.createDirectories(other);
        Path golden = Cli.ROOT.resolve("src/test/resources/lora/peft-tiny");
        for (String file : List.of(PeftAdapter.WEIGHTS_FILE, PeftAdapter.CONFIG_FILE)) {
            Files.copy(golden.resolve(file), other.resolve(file));
        }
        List<String> before = names();

        Object[] words = Stream.of(line.split(" "))
                .map(each -> each.replaceFirst("^S", theirs.toString())
                        .replaceFirst("^T", folder.resolve("target").toString())
                        .replaceFirst("^other$", other.toString()))
                .toArray();

        lora(words).refused(code, word);
        assertThat(names()).isEqualTo(before);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.map(Path::toString).sorted().toList();
        }
    }

    @Test
    void blend_adapterOfAnotherBase_refusedNamingIt() {
        Path golden = Cli.ROOT.resolve("src/test/resources/lora/peft-tiny");

        lora("blend", folder.resolve("out"), "--lora", theirs, "--lora", golden)
                .refused(1, golden.toString(), "wrong base model");
    }

    @Test
    void target_existingOrItsOwnSource_refusedAndKept() throws IOException {
        byte[] before = Files.readAllBytes(ours);
        Path nested = theirs.resolve("adapter.gguf");
        Files.copy(ours, nested);

        lora("rank", theirs, ours, "--rank", 2).refused(1, ours.toString(), "exists already");
        lora("rank", ours, ours, "--rank", 2, "--replace").refused(1, ours.toString(), "its own source");
        lora("rank", ours, folder.resolve("theirs/../ours.gguf"), "--rank", 2, "--replace")
                .refused(1, "its own source");
        lora("canonicalize", nested, theirs, "--replace").refused(1, theirs.toString(), "its own source");
        lora("blend", theirs, "--lora", ours, "--lora", theirs, "--replace").refused(1, "its own source");
        lora("rank", theirs, folder, "--rank", 2, "--replace").refused(1, folder.toString());
        assertThat(ours).hasBinaryContent(before);

        lora("rank", theirs, ours, "--rank", 2, "--replace").ok();
        assertThat(Files.readAllBytes(ours)).isNotEqualTo(before);
    }

    /** The readers' own refusals stay as they are: a change that A, B and alpha cannot express is never canonicalized. */
    @ParameterizedTest
    @CsvSource({
        "use_dora, true",
        "lora_bias, true",
        "bias, '\"all\"'",
        "modules_to_save, '[\"lm_head\"]'",
        "rank_pattern, '{\"lm_head\": 2}'",
        "alpha_pattern, '{\"q_(proj\": 2}'",
        "init_lora_weights, '\"pissa\"'",
    })
    void source_moreThanPairs_refusedNamingTheField(String field, String value) throws IOException {
        Path config = theirs.resolve(PeftAdapter.CONFIG_FILE);
        String json = Files.readString(config).replaceAll(",?\\s*\"" + field + "\": [^,}]*\\}?", "");
        Files.writeString(config, json.replaceFirst("\\{,?", "{ \"" + field + "\": " + value + ","));

        lora("canonicalize", theirs, folder.resolve("out")).refused(1, config.toString(), field);
    }

    @Test
    void source_valueNotANumber_refusedNamingTheTensor() throws IOException {
        Path weights = theirs.resolve(PeftAdapter.WEIGHTS_FILE);
        byte[] bytes = Files.readAllBytes(weights);
        bytes[bytes.length - 1] = 0x7f; // the last value, bfloat16, becomes NaN
        bytes[bytes.length - 2] = (byte) 0xc1;
        Files.write(weights, bytes);

        lora("canonicalize", theirs, folder.resolve("out")).refused(1, weights.toString(), "NaN");
        lora("blend", folder.resolve("out"), "--lora", ours, "--lora", theirs).refused(1, "NaN");
        assertThat(folder.resolve("out")).doesNotExist();
    }
}
