package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.dndllm.engine.Nano;
import org.dndllm.engine.Progress;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.benchmark.BenchmarkReader;
import org.dndllm.eval.likelihood.ChoiceQuestion;
import org.dndllm.eval.likelihood.ChoiceScores;
import org.dndllm.eval.likelihood.LikelihoodScorer;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.lora.TargetModule;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticVocabulary;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ScoreCommandIT {
    private static final Path DATA = Cli.ROOT.resolve("../shared/data").normalize();
    private static final BaseShape SHAPE = new BaseShape("qwen2", 2, 64, 4, 2, 16, 128, 400, true);
    private static final long SEED = 61;
    private static final List<String> WORDS = List.of(
            "red", "blue", "green", "iron", "stone", "water", "seven", "north", "tree", "cloud", "salt", "bread");

    @TempDir
    static Path folder;

    private static Path model;
    private static Path questions;

    @BeforeAll
    static void make() throws IOException {
        model = folder.resolve("random.gguf");
        String text = "which of these is it? answer with a letter. " + String.join(" ", WORDS) + " A: B: C: D: [A] ";
        SyntheticBase.write(
                model, SHAPE, SyntheticVocabulary.train(text.repeat(20), 380), GgmlType.F32, SEED, "random");
        Random random = new Random(SEED);
        List<String> items = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            items.add(item(random, "ABCD".charAt(random.nextInt(4))));
        }
        questions = file("colours_test.json", items);
    }

    private static String item(Random random, char answer) {
        StringBuilder prompt = new StringBuilder("which of these is it?");
        for (char label = 'A'; label <= 'D'; label++) {
            prompt.append("\\n")
                    .append(label)
                    .append(": ")
                    .append(word(random))
                    .append(' ')
                    .append(word(random));
        }
        return "{\"prompt\": \"" + prompt + "\", \"response\": \"[" + answer
                + "]\", \"system\": \"answer with a letter.\"}";
    }

    private static String word(Random random) {
        return WORDS.get(random.nextInt(WORDS.size()));
    }

    private static Path file(String name, List<String> items) throws IOException {
        return Files.writeString(folder.resolve(name), "[" + String.join(",\n", items) + "]");
    }

    private static Cli score(Object... more) {
        List<Object> all = new ArrayList<>(List.of("score", "-t", 1));
        all.addAll(Arrays.asList(more));
        return Cli.run(all.toArray());
    }

    @Test
    void randomModel_likelihoodIsChance_officialBesideIt() {
        JsonNode set = score(questions, "-m", model, "-n", 4, "--json").json().at("/sets/0");

        assertThat(set.get("chance").asDouble()).isEqualTo(0.25);
        assertThat(set.get("items").asInt()).isEqualTo(200);
        JsonNode scores = set.at("/contenders/0/scores");
        for (String column : List.of("likelihood", "per_token", "per_byte")) {
            assertChance(scores.get(column), 0.25, column + ", seed " + SEED);
        }
        assertThat(scores.at("/official/unread").asInt()).isPositive();
        assertThat(scores.at("/official/accuracy/value").asDouble())
                .isLessThan(scores.at("/likelihood/accuracy/value").asDouble());
    }

    /** The right answers are what the model itself finds likeliest; then the labels move on by one. */
    @Test
    void likelihood_labelsAreTheModelsOwnChoice_allRight_swapped_allWrong() throws IOException {
        List<BenchmarkItem> items = BenchmarkReader.read(questions).items().subList(0, 40);
        List<String> own = new ArrayList<>();
        List<String> swapped = new ArrayList<>();
        List<ChoiceScores> scores = likelihoods(items);
        for (int i = 0; i < items.size(); i++) {
            int best = scores.get(i).best().orElseThrow();
            own.add(labelled(items.get(i), best));
            swapped.add(labelled(items.get(i), (best + 1) % 4));
        }

        JsonNode json = score(
                        file("own_test.json", own),
                        file("swapped_test.json", swapped),
                        "-m",
                        model,
                        "--scorer",
                        "likelihood",
                        "--json")
                .json();

        assertThat(json.at("/sets/0/contenders/0/scores/likelihood/right").asInt())
                .isEqualTo(40);
        assertThat(json.at("/sets/1/contenders/0/scores/likelihood/right").asInt())
                .isZero();
        assertThat(json.at("/sets/0/contenders/0/scores").has("greedy")).isFalse();
    }

    private static List<ChoiceScores> likelihoods(List<BenchmarkItem> items) {
        ContextOptions options = ContextOptions.DEFAULT.withThreads(1);
        try (LlamaModel open = LlamaModel.open(model, ModelOptions.CPU);
                LlamaContext context = open.newContext(LikelihoodScorer.context(open, options))) {
            return new LikelihoodScorer(context)
                    .score(
                            items.stream()
                                    .map(item -> new ChoiceQuestion(item.id(), item.messages(), item.options()))
                                    .toList(),
                            "test",
                            Progress.NONE);
        }
    }

    private static String labelled(BenchmarkItem item, int option) {
        return "{\"prompt\": \"" + item.prompt().replace("\n", "\\n") + "\", \"response\": \"["
                + item.choices().get(option).label() + "]\", \"system\": \"" + item.system() + "\"}";
    }

    @Test
    void adapters_ofBothForms_besideBase_withDifferences_andReport() throws IOException {
        Path zero = folder.resolve("zero");
        Path strong = folder.resolve("strong");
        PeftAdapter.write(zero, weights(0), Map.of());
        PeftAdapter.write(strong, weights(0.5f), Map.of());
        Path report = folder.resolve("report");

        Cli run = score(
                        questions,
                        "-m",
                        model,
                        "--items",
                        30,
                        "-n",
                        4,
                        "--lora",
                        zero,
                        "--lora",
                        strong,
                        "--report",
                        report)
                .ok();

        assertThat(run.out())
                .contains("chance 25.0 %", "30 of 200 items", "minus base", "greedy, lenient", "official")
                .contains(zero + " changes nothing")
                .doesNotContain(strong + " changes nothing", "\u001b");
        assertThat(Files.readString(report.resolve("score.md"))).contains("| right, % |", "changes nothing");
        assertThat(Files.readString(report.resolve("score.json"))).contains("\"minus_base\"");
        // a line of titles; 30 items, three contenders, five columns
        assertThat(Files.readAllLines(report.resolve("answers.csv")).stream()
                        .filter(line -> line.startsWith("colours,")))
                .hasSize(30 * 3 * 5);
    }

    @Test
    void brokenAdapter_calledOut() {
        Path broken = folder.resolve("broken");
        PeftAdapter.write(broken, weights(20_000), Map.of());

        assertThat(score(questions, "-m", model, "--items", 5, "--scorer", "likelihood", "--lora", broken)
                        .ok()
                        .out())
                .contains(broken + " broken: the model's logits are not finite on 5 of 5 items");
    }

    @Test
    void textForm_scoresTheWording() {
        JsonNode label = scores("--answer-form", "label");
        JsonNode text = scores("--answer-form", "text");

        assertThat(text).isNotEqualTo(label);
    }

    private static JsonNode scores(Object... form) {
        List<Object> all = new ArrayList<>(List.of(questions, "-m", model, "--scorer", "likelihood", "--json"));
        all.addAll(Arrays.asList(form));
        return score(all.toArray()).json().at("/sets/0/contenders/0/scores");
    }

    @Test
    void generated_fromTrainingPrompts_scored_fromTheTestFile_refusedOrMarked() throws IOException {
        // given: questions for the nano base, one file of prompts apart from them and one the same
        List<String> items = new ArrayList<>();
        List<String> train = new ArrayList<>();
        Random random = new Random(SEED);
        for (int i = 0; i < 8; i++) {
            items.add(item(random, 'A'));
            train.add(item(random, 'B'));
        }
        Path test = file("nano_test.json", items);
        Path prompts = file("nano_train.json", train);
        Path copied = file("copied.json", items);
        Object[] base = {test, "--scorer", "likelihood", "--generator", Nano.BUNDLE, "--condition-from"};

        // when, then
        JsonNode json = score(with(base, prompts, "--json")).json();
        assertThat(json.at("/sets/0/contenders/1/name").asString()).contains("nano_train.json");
        assertThat(json.at("/sets/0/contenders/1/condition/split").asString()).isEqualTo("train");
        assertThat(json.at("/sets/0/contenders/1/condition/breach").asString()).isEmpty();

        score(with(base, test)).refused(1, "nano_test.json", "test split", "official protocol");
        score(with(base, copied)).refused(1, "copied.json", "questions", "official protocol");

        assertThat(score(with(base, test, "--official-protocol")).ok().out())
                .contains("NOT COMPARABLE", "has seen what it is scored on");
    }

    private static Object[] with(Object[] one, Object... more) {
        List<Object> all = new ArrayList<>(Arrays.asList(one));
        all.addAll(Arrays.asList(more));
        return all.toArray();
    }

    @Test
    void numbers_noOptions_greedyAndOfficialOnly() throws IOException {
        Path sums =
                file("sums_test.json", List.of("{\"prompt\": \"seven and north?\", \"response\": \"so\\n#### 7\"}"));

        JsonNode set = score(sums, "-m", model, "-n", 8, "--json").json().at("/sets/0");

        assertThat(set.get("kind").asString()).isEqualTo("number");
        assertThat(set.get("chance").asDouble()).isZero();
        assertThat(set.at("/contenders/0/scores").propertyNames()).containsExactly("greedy", "official");
    }

    @Test
    void refusals_nameFileAndRemedy() throws IOException {
        Path unlabelled = file("unlabelled_test.json", List.of("{\"prompt\": \"it?\\nA: red\\nB: blue\"}"));

        score(unlabelled, "-m", model).refused(1, "unlabelled_test.json", "item 1", "labelled");
        score(folder.resolve("absent.json"), "-m", model).refused(1, "absent.json");
        score(questions, "-m", model, "--lora", folder.resolve("no-adapter")).refused(1, "no-adapter");
        score(questions, "-m", model, "-c", 32, "--items", 2).refused(1, "colours_test.json: item", "-c");
        score(questions, "--scorer", "bleu").refused(2, "--scorer", "likelihood");
        score(questions, "--answer-form", "word").refused(2, "--answer-form");
        score(questions, "--kind", "poem").refused(2, "--kind", "choice");
        score(questions, "--items", -1).refused(2, "--items");
    }

    /** PIQA's official answers are all A: what a model prefers is not averaged out there, so it is no test of chance. */
    @Test
    void officialFiles_randomModelOfTheRealVocabulary_likelihoodIsChance() {
        assumeTrue(Files.isDirectory(DATA.resolve("qwen2.5")), "no ../shared/data beside the checkout");
        Path qwen = folder.resolve("qwen.gguf");
        SyntheticBase.write(
                qwen,
                new BaseShape("qwen2", 1, 32, 2, 1, 16, 64, 151_936, true),
                SyntheticVocabulary.fromFolder(DATA.resolve("qwen2.5")),
                GgmlType.F16,
                SEED,
                "random");
        for (String name : List.of("commonsense/ARC-c_test", "commonsense/OBQA_test", "commonsense/PIQA_test")) {
            JsonNode set = score(
                            DATA.resolve(name + ".json"),
                            "-m",
                            qwen,
                            "--items",
                            40,
                            "-n",
                            2,
                            "--answer-form",
                            "text",
                            "--json")
                    .json()
                    .at("/sets/0");
            JsonNode scores = set.at("/contenders/0/scores");
            if (name.contains("PIQA")) {
                assertThat(set.get("chance").asDouble()).isEqualTo(0.5);
                assertThat(set.get("warnings").toString()).contains("every right answer is A");
            } else {
                assertChance(scores.get("per_token"), set.get("chance").asDouble(), name);
            }
            assertThat(scores.at("/official/accuracy/high").asDouble()).isPositive();
        }
        JsonNode math = score(DATA.resolve("generation/GSM8K.json"), "-m", qwen, "--items", 8, "-n", 8, "--json")
                .json()
                .at("/sets/0/contenders/0/scores");
        assertThat(math.at("/greedy/accuracy/value").asDouble()).isLessThan(0.5);
        assertThat(math.has("official")).isTrue();
    }

    private static void assertChance(JsonNode column, double chance, String what) {
        assertThat(chance)
                .as("%s: %s", what, column)
                .isBetween(
                        column.at("/accuracy/low").asDouble(),
                        column.at("/accuracy/high").asDouble());
    }

    private static LoraWeights weights(float size) {
        Random random = new Random(SEED);
        List<LoraTensor> tensors = new ArrayList<>();
        for (int layer = 0; layer < SHAPE.layers(); layer++) {
            for (TargetModule module : TargetModule.values()) {
                tensors.add(new LoraTensor(
                        layer,
                        module,
                        gaussian(random, 2 * SHAPE.in(module), size), // [r, in]
                        gaussian(random, SHAPE.out(module) * 2, size))); // [out, r]
            }
        }
        return LoraWeights.of(SHAPE, 2, 4f, DType.F32, tensors);
    }

    private static float[] gaussian(Random random, int count, float size) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) Math.clamp(random.nextGaussian(), -3, 3) * size;
        }
        return values;
    }
}
