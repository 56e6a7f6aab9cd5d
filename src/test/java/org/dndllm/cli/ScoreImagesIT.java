package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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
            BufferedImage image = new BufferedImage(60, 40, BufferedImage.TYPE_INT_RGB);
            image.setRGB(10 * i, 5, 0xffffff);
            ImageIO.write(image, "png", folder.resolve("images/" + i + ".png").toFile());
            String options = i < 2 ? "[\"one\", \"two\"]" : "[]";
            lines.add("{\"question\": \"how many dots? <image1>\", \"options\": " + options + ", \"image\": \"images/"
                    + i + ".png\", \"answer\": \"" + (i < 2 ? "A" : "1") + "\"}");
        }
        return Files.write(folder.resolve("dots_test.jsonl"), lines);
    }

    @Test
    void score_pictures_greedyColumnAlone_andEveryAnswer() throws IOException {
        assumeTrue(LlamaLibrary.load().readsImages(), "no libmtmd beside libllama: native/build --with-mtmd makes it");
        Path report = folder.resolve("report");
        JsonNode json = Cli.run(
                        "score",
                        questions,
                        "-m",
                        model,
                        "--mmproj",
                        projector,
                        "-n",
                        6,
                        "-c",
                        512,
                        "--image-max-tokens",
                        256,
                        "--report",
                        report,
                        "--json")
                .json();

        JsonNode set = json.at("/sets/0");
        assertThat(set.at("/kind").asString()).isEqualTo("math");
        assertThat(set.at("/items").asInt()).isEqualTo(4);
        assertThat(set.at("/contenders/0/scores").propertyNames()).containsExactly("greedy");
        assertThat(json.at("/mmproj").asString()).isEqualTo(projector.toString());
        List<String> answers = Files.readAllLines(report.resolve("answers.csv")).stream()
                .filter(line -> line.startsWith("dots,"))
                .toList();
        assertThat(answers).hasSizeGreaterThanOrEqualTo(4);
        assertThat(Cli.run(
                                "score",
                                questions,
                                "-m",
                                model,
                                "--mmproj",
                                projector,
                                "-n",
                                6,
                                "-c",
                                512,
                                "--threads",
                                1,
                                "--image-max-tokens",
                                256,
                                "--json")
                        .json()
                        .at("/sets/0/contenders/0/scores"))
                .isEqualTo(set.at("/contenders/0/scores"));
    }

    @Test
    void score_contextTooShort_namesTheItem() {
        assumeTrue(LlamaLibrary.load().readsImages(), "no libmtmd beside libllama: native/build --with-mtmd makes it");
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
        Cli.run("score", questions, "-m", model, "--mmproj", projector, "--scorer", "likelihood")
                .refused(1, "on pictures", "add the scorer greedy");
    }
}
