package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.LlamaLibrary;
import org.dndllm.lora.BaseShape;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticProjector;
import org.dndllm.synth.SyntheticVocabulary;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code dnd score} on questions with pictures. */
class ScoreImagesIT {
    private static final String TEXT = "how many dots are in the picture? answer with a letter. A: B: [A] 1 2 3 ";

    /** Four options in four places, each right as often. */
    private static final int CHANCE_ITEMS = 96;

    @TempDir
    static Path folder;

    private static Path model;
    private static Path textModel;
    private static Path projector;
    private static Path questions;

    @BeforeAll
    static void make() throws IOException {
        SyntheticVocabulary vocabulary = SyntheticVocabulary.train(TEXT.repeat(20), 300);
        model = folder.resolve("vl.gguf");
        SyntheticBase.write(
                model,
                new BaseShape(BaseShape.QWEN2_VL, 2, 64, 4, 2, 16, 128, 320, true),
                vocabulary.withImageMarks(),
                GgmlType.F32,
                1,
                "vl");
        textModel = folder.resolve("text.gguf");
        SyntheticBase.write(
                textModel,
                new BaseShape(BaseShape.QWEN2, 1, 64, 4, 2, 16, 128, 320, true),
                vocabulary,
                GgmlType.F32,
                1,
                "t");
        projector = folder.resolve("mmproj.gguf");
        new SyntheticProjector(2, 32, 2, 48, 14, 2, 64).write(projector, 2);
        questions = questions();
    }

    private static Path questions() throws IOException {
        Files.createDirectories(folder.resolve("images"));
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            List<String> options = i < 2 ? List.of("one", "two") : List.of();
            lines.add(question("how many dots? <image1>", options, i < 2 ? "A" : "1", picture(i)));
        }
        return Files.write(folder.resolve("dots_test.jsonl"), lines);
    }

    /** A path relative to the questions. */
    private static Optional<String> picture(int number) throws IOException {
        BufferedImage image = new BufferedImage(60, 40, BufferedImage.TYPE_INT_RGB);
        image.setRGB(number % 60, number % 40, 0xffffff);
        ImageIO.write(image, "png", folder.resolve("images/" + number + ".png").toFile());
        return Optional.of("images/" + number + ".png");
    }

    private static String question(String text, List<String> options, String answer, Optional<String> picture) {
        return "{\"question\": \"" + text + "\", \"options\": ["
                + options.stream().map(option -> '"' + option + '"').collect(Collectors.joining(", ")) + "], "
                + picture.map(name -> "\"image\": \"" + name + "\", ").orElse("") + "\"answer\": \"" + answer + "\"}";
    }

    private static void requireMtmd() {
        assumeTrue(LlamaLibrary.load().readsImages(), "no libmtmd beside libllama: native/build --with-mtmd makes it");
    }

    private static Cli score(Path file, Object... more) {
        List<Object> arguments = new ArrayList<>(List.of("score", file, "-m", model, "--mmproj", projector));
        arguments.addAll(List.of("-n", 6, "-c", 512, "--threads", 1, "--image-max-tokens", 256));
        arguments.addAll(List.of(more));
        return Cli.run(arguments.toArray());
    }

    @Test
    void score_pictures_likelihoodsOfThoseWithOptions_greedyAnswersToAll() throws IOException {
        requireMtmd();
        Path report = folder.resolve("report");

        JsonNode json = score(questions, "--report", report, "--json").json();

        JsonNode set = json.at("/sets/0");
        JsonNode scores = set.at("/contenders/0/scores");
        assertThat(set.at("/kind").asString()).isEqualTo("math");
        assertThat(set.at("/items").asInt()).isEqualTo(4);
        assertThat(set.at("/chance").asDouble()).isEqualTo(0.5);
        assertThat(scores.propertyNames()).containsExactly("likelihood", "per_token", "per_byte", "greedy");
        assertThat(scores.at("/likelihood/items").asInt()).isEqualTo(2);
        assertThat(scores.at("/greedy/items").asInt()).isEqualTo(4);
        assertThat(json.at("/mmproj").asString()).isEqualTo(projector.toString());
        assertThat(said(report, "likelihood")).hasSize(2).allMatch(List.of("A", "B")::contains);
        assertThat(said(report, "greedy")).hasSize(4);
        assertThat(Files.readString(report.resolve("score.md")))
                .contains("chance 50.0 % on the 2 with options", "which 2 of the 4 items have");
        assertThat(score(questions, "--scorer", "greedy", "--json").json().at("/sets/0/contenders/0/scores/greedy"))
                .isEqualTo(scores.get("greedy"));
        assertThat(score(questions, "--scorer", "likelihood", "--json")
                        .json()
                        .at("/sets/0/contenders/0/scores/per_byte"))
                .isEqualTo(scores.get("per_byte"));
    }

    /** What a column read in every item that it judged, in order. */
    private static List<String> said(Path report, String column) throws IOException {
        return Files.readAllLines(report.resolve("answers.csv")).stream()
                .filter(line -> line.contains(",base," + column + ","))
                .map(line -> line.split(",", -1)[5])
                .toList();
    }

    @Test
    void score_someWithoutPicture_goTheWayOfATextFile() throws IOException {
        requireMtmd();
        List<String> lines = new ArrayList<>();
        List<String> textLines = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            boolean text = i % 3 == 1;
            lines.add(question(
                    "how many dots are in line " + i + "?",
                    List.of("1", "2", "3"),
                    "A",
                    text ? Optional.empty() : picture(i)));
            if (text) {
                textLines.add(lines.getLast());
            }
        }
        Path mixed = Files.write(folder.resolve("mixed_test.jsonl"), lines);
        Path texts = Files.write(folder.resolve("texts_test.jsonl"), textLines);
        Path mixedReport = folder.resolve("mixed-report");
        Path textReport = folder.resolve("text-report");

        JsonNode set = score(mixed, "--report", mixedReport, "--json").json().at("/sets/0");
        Cli.run("score", texts, "-m", model, "-n", 6, "-c", 512, "--threads", 1, "--report", textReport)
                .ok();

        assertThat(set.at("/kind").asString()).isEqualTo("choice");
        assertThat(set.at("/contenders/0/scores/per_token/items").asInt()).isEqualTo(12);
        for (String column : List.of("likelihood", "per_token", "per_byte", "greedy")) {
            List<String> all = said(mixedReport, column);
            assertThat(all).hasSize(12);
            assertThat(IntStream.of(1, 4, 7, 10).mapToObj(all::get))
                    .as(column)
                    .containsExactlyElementsOf(said(textReport, column));
        }
    }

    /** Options take all places in turn and each is right as often, so no preference of the model for a letter or a word helps. */
    @Test
    void score_randomModel_likelihoodsAreAtChance() throws IOException {
        requireMtmd();
        List<String> options = List.of("one", "two dots", "three in line", "none");
        List<String> lines = new ArrayList<>();
        for (int i = 0; i < CHANCE_ITEMS; i++) {
            List<String> turned = new ArrayList<>(options);
            Collections.rotate(turned, i % 4);
            lines.add(question(
                    "how many dots in " + i + "?", turned, "ABCD".substring(i / 4 % 4, i / 4 % 4 + 1), picture(i)));
        }
        Path file = Files.write(folder.resolve("chance_test.jsonl"), lines);

        for (String form : List.of("label", "text")) {
            JsonNode set = score(file, "--scorer", "likelihood", "--answer-form", form, "--json")
                    .json()
                    .at("/sets/0");

            assertThat(set.at("/chance").asDouble()).isEqualTo(0.25);
            for (String column : List.of("likelihood", "per_token", "per_byte")) {
                JsonNode accuracy = set.at("/contenders/0/scores/" + column + "/accuracy");
                assertThat(0.25)
                        .as("%s, %s: %s", form, column, accuracy)
                        .isBetween(
                                accuracy.at("/low").asDouble(),
                                accuracy.at("/high").asDouble());
            }
        }
    }

    @Test
    void score_contextTooShort_namesTheItem() {
        requireMtmd();
        Cli.run("score", questions, "-m", model, "--mmproj", projector, "-c", 32, "-n", 6, "--scorer", "greedy")
                .refused(1, "dots_test.jsonl: line 1", "--image-max-tokens");
    }

    @Test
    void score_withoutTheLibrary_endsAsAMissingEnvironment() {
        assumeFalse(LlamaLibrary.load().readsImages(), "libmtmd is here");
        Cli.run("score", questions, "-m", model, "--mmproj", projector)
                .refused(3, "Multimodal is not available", "native/build --with-mtmd", "DND_LLAMA_VARIANT=cpu-built");
    }

    @Test
    void score_flagsAndModelsThatDoNotFit_areRefused() throws IOException {
        Path text = Files.writeString(folder.resolve("text.jsonl"), "{\"question\": \"a?\", \"answer\": \"b\"}");

        Cli.run("score", questions, "-m", model).refused(1, "dots_test.jsonl", "--mmproj");
        Cli.run("score", questions, "-m", textModel, "--mmproj", projector)
                .refused(1, "text.gguf", "a model of text alone", "Qwen2.5-VL");
        Cli.run("score", questions, "-m", model, "--mmproj", model).refused(1, "no image encoder");
        Cli.run("score", text, "-m", model, "--mmproj", projector).refused(2, "--mmproj", "no question has a picture");
        Cli.run("score", questions, "-m", model, "--mmproj", projector, "--image-max-tokens", 5)
                .refused(2, "imageTokens", "256 to 4096");
        Path numbers = Files.write(
                folder.resolve("numbers_test.jsonl"), List.of(question("how many?", List.of(), "1", picture(0))));
        Cli.run("score", numbers, "-m", model, "--mmproj", projector, "--scorer", "likelihood")
                .refused(1, "on pictures", "add the scorer greedy");
        Cli.run("score", questions, "-m", model, "--mmproj", projector, "--scorer", "official")
                .refused(1, "on pictures", "add the scorer greedy");
    }
}
