package org.dndllm.eval.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Questions on pictures, in the fields of Math-Vision's and Math-Vista's published files. */
class PictureQuestionsTest {
    @TempDir
    Path folder;

    private String base64;

    @BeforeEach
    void write() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        BufferedImage image = new BufferedImage(3, 2, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 0x0a0b0c);
        ImageIO.write(image, "png", bytes);
        Files.createDirectories(folder.resolve("set/images"));
        Files.write(folder.resolve("set/images/4.png"), bytes.toByteArray());
        Files.write(folder.resolve("outside.png"), bytes.toByteArray());
        base64 = Base64.getEncoder().encodeToString(bytes.toByteArray());
    }

    private BenchmarkSet read(String name, String content) throws IOException {
        return BenchmarkReader.read(Files.writeString(folder.resolve("set").resolve(name), content));
    }

    private static void assertPicture(BenchmarkItem item) {
        assertThat(item.image()).isPresent();
        assertThat(item.image().orElseThrow().read(item.id()).pixels())
                .hasSize(3 * 3 * 2)
                .startsWith(10, 11, 12);
    }

    @Test
    void mathVision_mixesOptionsAndFormulas() throws IOException {
        BenchmarkSet set = read("test.jsonl", """
                {"id": "4", "question": "Which shape is it?\\n<image1>", "options": ["round", "square"], "image": "images/4.png", "answer": "B", "solution": null, "level": 2, "subject": "combinatorics"}
                {"id": "5", "question": "How many?", "options": [], "image": "images/4.png", "answer": "\\\\frac{1}{2}", "solution": null, "level": 1, "subject": "counting"}
                """);

        assertThat(set.kind()).isEqualTo(AnswerKind.MATH);
        assertThat(set.hasImages()).isTrue();
        BenchmarkItem choice = set.items().getFirst();
        assertThat(choice.kind()).isEqualTo(AnswerKind.CHOICE);
        assertThat(choice.prompt()).isEqualTo("Which shape is it?\n\uFFFC\nA: round\nB: square");
        assertThat(choice.system()).contains("letter in square brackets");
        assertThat(choice.answer()).isEqualTo("B");
        assertPicture(choice);
        BenchmarkItem formula = set.items().getLast();
        assertThat(formula.kind()).isEqualTo(AnswerKind.MATH);
        assertThat(formula.prompt()).isEqualTo("\uFFFCHow many?");
        assertThat(formula.system()).contains("\\boxed{}");
        assertThat(formula.answer()).isEqualTo("\\frac{1}{2}");
        assertPicture(formula);
    }

    @Test
    void mathVista_objectOfQuestions_keepsItsQueryToTheLetter() throws IOException {
        BenchmarkSet set = read("testmini.json", """
                {"1": {"pid": "1", "question": "What is x?", "image": "images/4.png", "choices": ["145°", "135°"], "unit": null, "precision": null, "answer": "135°", "question_type": "multi_choice", "answer_type": "text", "query": "Hint: Please answer.\\nQuestion: What is x?\\nChoices:\\n(A) 145°\\n(B) 135°"},
                 "2": {"pid": "2", "question": "How long?", "image": "images/4.png", "choices": null, "unit": "m", "precision": 1.0, "answer": "1.2", "question_type": "free_form", "answer_type": "float", "query": "Hint: A number.\\nQuestion: How long?"}}
                """);

        BenchmarkItem choice = set.items().getFirst();
        assertThat(choice.id()).isEqualTo("testmini.json: item 1");
        assertThat(choice.prompt())
                .isEqualTo("\uFFFCHint: Please answer.\nQuestion: What is x?\nChoices:\n(A) 145°\n(B) 135°");
        assertThat(choice.system()).isEmpty();
        assertThat(choice.answer()).isEqualTo("B");
        assertThat(set.items().getLast().kind()).isEqualTo(AnswerKind.MATH);
        assertThat(set.items().getLast().answer()).isEqualTo("1.2");
    }

    @Test
    void inlinePictures_everyForm_areRead() throws IOException {
        BenchmarkSet set = read("inline.jsonl", """
                {"question": "a?", "image": "%1$s", "answer": "1"}
                {"question": "b?", "image": "data:image/png;base64,%1$s", "answer": "1"}
                {"question": "c?", "image": "images/absent.png", "decoded_image": {"bytes": "%1$s", "path": "4.png"}, "answer": "1"}
                """.formatted(base64));

        assertThat(set.items()).hasSize(3).allSatisfy(PictureQuestionsTest::assertPicture);
        assertThat(set.kind()).isEqualTo(AnswerKind.MATH);
        assertThat(set.warnings()).isEmpty();
    }

    @Test
    void repeatedPrompt_isNoneWithAnotherPicture() throws IOException {
        String item = "{\"question\": \"How many?\", \"image\": \"%s\", \"answer\": \"1\"}\n";

        assertThat(read("a.jsonl", item.formatted("images/4.png") + item.formatted(base64))
                        .warnings())
                .isEmpty();
        assertThat(read("b.jsonl", item.formatted("images/4.png") + item.formatted("images/4.png"))
                        .warnings())
                .anyMatch(warning -> warning.contains("1 prompts occurred"));
    }

    @ParameterizedTest
    @CsvSource({
        "../outside.png, outside of the folder",
        "images/../../outside.png, outside of the folder",
        "images/5.png, is no file in",
        "images, is no file in",
        "iVBORw0KGgo!, is not valid Base64",
        "'data:image/png;base64,?', is not valid Base64",
        "'', must be a path"
    })
    void wrongPicture_isRefusedByItem(String image, String words) {
        String item = "{\"question\": \"a?\", \"answer\": \"1\", \"image\": \"" + image + "\"}";

        assertThatThrownBy(() -> read("bad.jsonl", item))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("bad.jsonl", "line 1, field image", words);
    }

    @Test
    void absolutePathAndLinkOutside_areRefused() throws IOException {
        String absolute = folder.resolve("set/images/4.png").toString().replace("\\", "/");
        assertThatThrownBy(() ->
                        read("bad.jsonl", "{\"question\": \"a?\", \"answer\": \"1\", \"image\": \"" + absolute + "\"}"))
                .hasMessageContaining("outside of the folder");

        Path link = folder.resolve("set/images/link.png");
        try {
            Files.createSymbolicLink(link, folder.resolve("outside.png"));
        } catch (UnsupportedOperationException | IOException e) {
            abort("no symbolic links here: " + e);
        }
        assertThatThrownBy(() ->
                        read("bad.jsonl", "{\"question\": \"a?\", \"answer\": \"1\", \"image\": \"images/link.png\"}"))
                .hasMessageContaining("outside of the folder");
    }

    @Test
    void pictureThatIsNone_isRefusedWhenRead() throws IOException {
        Files.writeString(folder.resolve("set/images/text.png"), "no picture");
        BenchmarkItem item = read(
                        "a.jsonl", "{\"question\": \"a?\", \"answer\": \"1\", \"image\": \"images/text.png\"}")
                .items()
                .getFirst();

        assertThatThrownBy(() -> item.image().orElseThrow().read(item.id()))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("text.png", "neither PNG nor JPEG");
    }

    @Test
    void placeholderInAQuestion_isRefused() {
        assertThatThrownBy(() -> read(
                        "a.jsonl", "{\"question\": \"a \uFFFC?\", \"answer\": \"1\", \"image\": \"images/4.png\"}"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("U+FFFC");
    }

    @Test
    void declaredKind_countsForEveryItem() throws IOException {
        Path file = Files.writeString(
                folder.resolve("set/a.jsonl"),
                "{\"question\": \"a?\", \"answer\": \"7\", \"image\": \"images/4.png\"}");

        assertThat(BenchmarkReader.read(file, Optional.of(AnswerKind.NUMBER), Optional.empty())
                        .kind())
                .isEqualTo(AnswerKind.NUMBER);
    }

    @Test
    void questionKey_imagePlaces_doNotCount() {
        assertThat(QuestionKey.of("\uFFFCHow many?")).isEqualTo(QuestionKey.of("How <image1> many?"));
    }
}
