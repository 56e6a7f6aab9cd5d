package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.awt.Color;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.TimeUnit;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Pictures through libmtmd, on a random model; skipped where this build of llama.cpp lacks that library. */
class VisionProjectorIT {
    private static final VisionOptions OPTIONS = new VisionOptions(1, 256);
    private static final ContextOptions CONTEXT =
            ContextOptions.DEFAULT.withContextLength(512).withThreads(1);
    private static final String QUESTION = "what is in the picture?";
    private static final List<ChatMessage> CHAT = List.of(ChatMessage.user(VisionProjector.IMAGE + QUESTION));

    @TempDir
    Path folder;

    private Path modelFile;
    private Path projectorFile;

    @BeforeEach
    void write() {
        modelFile = TinyVision.model(folder);
        projectorFile = TinyVision.projector(folder);
    }

    private static void requireMtmd() {
        assumeTrue(LlamaLibrary.load().readsImages(), "no libmtmd beside libllama: native/build --with-mtmd makes it");
    }

    private LlamaModel open() {
        return LlamaModel.open(modelFile, ModelOptions.CPU);
    }

    private static RgbImage image(int width, int height, Color left, Color right) {
        return RgbImage.decode(TinyVision.png(width, height, left, right), "test.png");
    }

    private static RgbImage red() {
        return image(112, 56, Color.RED, Color.BLACK);
    }

    private static int decode(VisionProjector projector, LlamaContext context, RgbImage image) {
        return projector.decode(context, CHAT, List.of(image), 0, CancelToken.create());
    }

    @Test
    void openVision_withoutTheLibrary_saysHowToBuildIt() {
        assumeFalse(LlamaLibrary.load().readsImages(), "libmtmd is here");
        try (LlamaModel model = open()) {
            assertThatThrownBy(() -> model.openVision(projectorFile, OPTIONS))
                    .isInstanceOf(EnvironmentException.class)
                    .hasMessageContainingAll("Multimodal is not available", "native/build --with-mtmd", "cpu-built");
        }
    }

    @Test
    void openVision_wrongFilesAndModels_areRefusedBeforeTheLibraryIsNeeded() {
        Path text = TinyModel.write(folder);
        try (LlamaModel model = open();
                LlamaModel textModel = LlamaModel.open(text, ModelOptions.CPU)) {
            assertThatThrownBy(() -> textModel.openVision(projectorFile, OPTIONS))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("a model of text alone");
            assertThatThrownBy(() -> model.openVision(modelFile, OPTIONS))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("no image encoder");
            assertThatThrownBy(() -> model.openVision(folder.resolve("absent.gguf"), OPTIONS))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("absent.gguf");
        }
    }

    /** The oracle: llama.cpp's own program of the same build, on the same files. */
    @Test
    void decode_pictureAndQuestion_greedyAnswerIsThatOfLlamaMtmdCli() throws Exception {
        requireMtmd();
        Path cli = LlamaLibrary.load().location().folder().resolve("llama-mtmd-cli");
        assumeTrue(Files.isExecutable(cli), "no llama-mtmd-cli: native/build --with-mtmd --with-tools makes it");
        // given: smaller than, equal to and larger than its tokens allow
        for (byte[] png : List.of(
                TinyVision.png(112, 56, Color.RED, Color.BLACK),
                TinyVision.png(30, 41, Color.GREEN, Color.YELLOW),
                TinyVision.png(700, 500, Color.BLUE, Color.ORANGE))) {
            Path picture = Files.write(folder.resolve("picture.png"), png);
            // when
            String expected = answerOf(cli, picture);
            String actual = answer(RgbImage.decode(png, "picture.png"));
            // then
            assertThat(expected).isNotBlank();
            assertThat(actual.strip()).isEqualTo(expected.strip());
        }
    }

    private String answer(RgbImage image) {
        try (LlamaModel model = open();
                VisionProjector projector = model.openVision(projectorFile, OPTIONS);
                LlamaContext context = model.newContext(CONTEXT)) {
            decode(projector, context, image);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int i = 0; i < 24; i++) {
                int token = context.argmax();
                if (model.vocabulary().isEndOfGeneration(token)) {
                    break;
                }
                bytes.writeBytes(model.vocabulary().piece(token, true));
                context.decodeToken(token);
            }
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    private String answerOf(Path cli, Path picture) throws Exception {
        Path out = folder.resolve("out.txt");
        Path err = folder.resolve("err.txt");
        ProcessBuilder builder = new ProcessBuilder(
                cli.toString(),
                "-m",
                modelFile.toString(),
                "--mmproj",
                projectorFile.toString(),
                "--image",
                picture.toString(),
                "-p",
                QUESTION,
                "--image-max-tokens",
                "256",
                "--temp",
                "0",
                "-n",
                "24",
                "-c",
                "512",
                "-b",
                "512",
                "-t",
                "1",
                "--no-warmup");
        builder.environment().put("MTMD_TEST_RESPONSE_MARKER", "=== answer ===");
        builder.redirectOutput(out.toFile()).redirectError(err.toFile());
        Process process = builder.start();
        assertThat(process.waitFor(300, TimeUnit.SECONDS))
                .as("llama-mtmd-cli ends")
                .isTrue();
        String said = new String(Files.readAllBytes(out), StandardCharsets.UTF_8);
        assertThat(process.exitValue())
                .as("%s%n%s", said, new String(Files.readAllBytes(err), StandardCharsets.UTF_8))
                .isZero();
        assertThat(said).contains("=== answer ===\n");
        return said.substring(said.indexOf("=== answer ===\n") + "=== answer ===\n".length());
    }

    @Test
    void decode_picture_takesMaxOfWidthAndHeightInPositions() {
        requireMtmd();
        try (LlamaModel model = open();
                VisionProjector projector = model.openVision(projectorFile, OPTIONS);
                LlamaContext context = model.newContext(CONTEXT)) {
            int text = ChatTemplate.tokens(model.vocabulary(), List.of(ChatMessage.user("")), true).length
                    + model.vocabulary().tokenize(QUESTION, false).length
                    + 2; // the marks around the image
            // 112 x 56 pixels are 4 x 2 tokens
            assertThat(decode(projector, context, red())).isEqualTo(text + 4);
            assertThat(context.length(0)).isEqualTo(text + 4);
            context.decodeToken(1);
            assertThat(context.length(0)).isEqualTo(text + 5);
            // 700 x 500 pixels are scaled down to 18 x 13 tokens: 256 at most, in units of 28 pixels
            context.clear();
            assertThat(decode(projector, context, image(700, 500, Color.BLUE, Color.ORANGE)))
                    .isEqualTo(text + 18);
        }
    }

    /** The turn goes on at the positions behind the image, which are fewer than its tokens, in a copy as in the original. */
    @Test
    void decodeMessages_thenTheTurnInACopy_sameAsDecode() {
        requireMtmd();
        try (LlamaModel model = open();
                VisionProjector projector = model.openVision(projectorFile, OPTIONS);
                LlamaContext whole = model.newContext(CONTEXT.withBatch(60));
                LlamaContext parts = model.newContext(CONTEXT.withBatch(60).withSequences(3))) {
            int end = decode(projector, whole, red());
            int[] turn = ChatTemplate.turns(model.vocabulary(), List.of("")).getFirst();

            int held = projector.decodeMessages(parts, CHAT, List.of(red()), 0, CancelToken.create());
            parts.copy(0, 2);
            parts.decode(turn, 2, CancelToken.create());

            assertThat(held + turn.length).isEqualTo(end).isEqualTo(parts.length(2));
            assertThat(distance(whole.logits(), parts.logits())).isCloseTo(0, within(1e-4));
            assertThat(parts.length(0)).isEqualTo(held);
            // the original goes, the image's cells stay with the copy
            parts.remove(0);
            parts.copy(2, 0);
            parts.decodeToken(1);
            whole.decodeToken(1);
            assertThat(distance(whole.logits(), parts.logits())).isCloseTo(0, within(1e-4));
            // back to the end of the messages, and the same again; no further
            parts.truncate(0, held);
            parts.decode(turn);
            parts.decodeToken(1);
            assertThat(distance(whole.logits(), parts.logits())).isCloseTo(0, within(1e-4));
            assertThatThrownBy(() -> parts.truncate(0, held - 1))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("images");
        }
    }

    @Test
    void decode_samePictureOtherPictureOtherBatches_logitsFollowThePicture() {
        requireMtmd();
        try (LlamaModel model = open();
                VisionProjector projector = model.openVision(projectorFile, OPTIONS);
                LlamaContext context = model.newContext(CONTEXT);
                LlamaContext small = model.newContext(CONTEXT.withBatch(5))) {
            decode(projector, context, red());
            float[] first = context.logits();
            context.clear();
            decode(projector, context, image(112, 56, Color.BLUE, Color.WHITE));
            float[] other = context.logits();
            context.clear();
            decode(projector, context, red());
            float[] again = context.logits();
            decode(projector, small, red());

            assertThat(again).isEqualTo(first);
            assertThat(distance(first, other)).isGreaterThan(0.01);
            assertThat(distance(first, small.logits())).isCloseTo(0, within(0.01));
        }
    }

    @Test
    void decode_underAnAdapter_differsAndComesBack() {
        requireMtmd();
        try (LlamaModel model = open();
                VisionProjector projector = model.openVision(projectorFile, OPTIONS);
                LlamaContext context = model.newContext(CONTEXT)) {
            decode(projector, context, red());
            float[] base = context.logits();
            context.attach(AdapterSet.of(TinyModel.adapter(model, 3, "a")));
            decode(projector, context, red());
            assertThat(distance(base, context.logits())).isGreaterThan(0.01);
            context.detach();
            decode(projector, context, red());
            assertThat(context.logits()).isEqualTo(base);
        }
    }

    @Test
    void decode_extremeShapes_areRead() {
        requireMtmd();
        try (LlamaModel model = open();
                VisionProjector projector = model.openVision(projectorFile, OPTIONS);
                LlamaContext context = model.newContext(CONTEXT)) {
            for (int[] size : new int[][] {{1, 1}, {200, 1}, {1, 200}, {4000, 20}, {28, 27}}) {
                decode(projector, context, image(size[0], size[1], Color.RED, Color.BLUE));
                assertThat(context.logits()).as("%d x %d", size[0], size[1]).doesNotContain(Float.NaN);
                context.clear();
            }
        }
    }

    @Test
    void decode_whatDoesNotFit_leavesTheContextAsItWas() {
        requireMtmd();
        try (LlamaModel model = open();
                VisionProjector projector = model.openVision(projectorFile, OPTIONS);
                LlamaContext context =
                        model.newContext(CONTEXT.withContextLength(256).withSequences(2))) {
            context.decode(new int[] {1, 2, 3}, 1, CancelToken.create());
            int held = decode(projector, context, red());
            float[] before = context.logits();
            // 234 tokens of the image and the text, in 256 cells that are partly taken
            RgbImage large = image(700, 500, Color.BLUE, Color.ORANGE);
            assertThatThrownBy(() -> decode(projector, context, large)).isInstanceOf(ContextFullException.class);
            CancelToken cancelled = CancelToken.create();
            cancelled.cancel();
            assertThatThrownBy(() -> projector.decode(context, CHAT, List.of(red()), 0, cancelled))
                    .isInstanceOf(CancellationException.class);

            assertThat(context.length(0)).isEqualTo(held);
            assertThat(context.length(1)).isEqualTo(3);
            context.remove(0);
            decode(projector, context, red());
            assertThat(context.logits()).isEqualTo(before);
        }
    }

    @Test
    void misuse_isRefused() {
        requireMtmd();
        try (LlamaModel model = open();
                LlamaModel other = open();
                LlamaContext foreign = other.newContext(CONTEXT);
                LlamaContext context = model.newContext(CONTEXT)) {
            VisionProjector projector = model.openVision(projectorFile, OPTIONS);
            assertThatThrownBy(() -> decode(projector, foreign, red())).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> projector.decode(context, CHAT, List.of(), 0, CancelToken.create()))
                    .isInstanceOf(InvalidInputException.class);
            assertThatThrownBy(() -> projector.decode(context, CHAT, List.of(red()), 7, CancelToken.create()))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("sequence");
            projector.close();
            projector.close();
            assertThatThrownBy(() -> decode(projector, context, red()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is closed");
            // a closed one leaves the model as it is, and a model closes what is left open
            VisionProjector left = model.openVision(projectorFile, OPTIONS);
            decode(left, context, red());
            model.close();
            left.close();
            assertThatThrownBy(() -> decode(left, context, red())).isInstanceOf(IllegalStateException.class);
        }
    }

    private static double distance(float[] a, float[] b) {
        double most = 0;
        for (int i = 0; i < a.length; i++) {
            most = Math.max(most, Math.abs(a[i] - b[i]));
        }
        return most;
    }
}
