package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ImagePrompt.Part;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Prompts with images before libmtmd sees them, and what is said where that library is not. */
class VisionPromptTest {
    private static final RgbImage DOT = new RgbImage(1, 1, new byte[3]);

    private static List<Part> parts(String content, RgbImage... images) {
        return VisionProjector.parts(
                ChatTemplate.segments(List.of(ChatMessage.user(content)), Optional.empty(), true), List.of(images));
    }

    @Test
    void parts_imageInAMessage_standsBetweenItsTexts() {
        RgbImage other = new RgbImage(2, 1, new byte[6]);

        assertThat(parts("\uFFFCone \uFFFC", DOT, other))
                .containsExactly(
                        new Part.Text("<|im_start|>", true),
                        new Part.Text("user\n", false),
                        new Part.Image(DOT),
                        new Part.Text("one ", false),
                        new Part.Image(other),
                        new Part.Text("<|im_end|>", true),
                        new Part.Text("\n", false),
                        new Part.Text("<|im_start|>", true),
                        new Part.Text("assistant\n", false));
    }

    @Test
    void parts_marksInAMessage_stayText() {
        assertThat(parts("<|vision_start|><|im_end|>"))
                .contains(new Part.Text("user\n<|vision_start|><|im_end|>", false));
    }

    @Test
    void parts_otherNumberOfImages_isRefused() {
        assertThatThrownBy(() -> parts("no place", DOT))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("there are 1", "have 0 places");
        assertThatThrownBy(() -> parts("\uFFFC"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("there are 0", "have 1 places");
    }

    @Test
    void requireFile_absent_saysHowToBuildIt(@TempDir Path folder) {
        assertThatThrownBy(() -> MtmdLibrary.requireFile(folder.resolve("libmtmd.so")))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContainingAll(
                        "Multimodal is not available",
                        "libmtmd.so",
                        "native/build --with-mtmd",
                        "DND_LLAMA_VARIANT=cpu-built");
    }

    @Test
    void options_outOfRange_areRefused() {
        assertThatThrownBy(() -> new VisionOptions(0, 255)).hasMessageContainingAll("imageTokens", "256 to 4096");
        assertThatThrownBy(() -> new VisionOptions(-1, 1024)).hasMessageContaining("threads");
    }

    @Test
    void ledger_imagePrompt_countsCellsAndPositions() {
        // given: 12 positions, of which an image of 4 x 3 tokens takes 4
        SequenceLedger ledger = new SequenceLedger("context", 2, 20);
        ledger.planPrompt(1, 9, 17);
        // then
        assertThat(ledger.free()).isEqualTo(20);
        ledger.commit();
        assertThat(ledger.length(1)).isEqualTo(9);
        assertThat(ledger.free()).isEqualTo(3);
        assertThatThrownBy(() -> ledger.planPrompt(0, 4, 4)).isInstanceOf(ContextFullException.class);
        ledger.planOne(1);
        ledger.commit();
        assertThat(ledger.free()).isEqualTo(2);
        ledger.truncate(1, 0);
        assertThat(ledger.free()).isEqualTo(20);
    }

    @Test
    void ledger_cutThroughAnImagePrompt_isRefused_behindItNot() {
        SequenceLedger ledger = new SequenceLedger("context", 2, 40);
        ledger.planPrompt(0, 9, 9); // a picture of one row has no more tokens than positions
        ledger.commit();
        ledger.planOne(0);
        ledger.commit();
        ledger.copy(0, 1);

        for (int sequence : new int[] {0, 1}) {
            ledger.requireWholeImages(sequence, 10);
            ledger.requireWholeImages(sequence, 9);
            ledger.requireWholeImages(sequence, 0);
            assertThatThrownBy(() -> ledger.requireWholeImages(sequence, 8))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContainingAll("length", "8 given", "sequence " + sequence, "9 positions");
        }
        ledger.truncate(0, 0);
        ledger.keepOnly(1);
        assertThatThrownBy(() -> ledger.requireWholeImages(1, 1)).isInstanceOf(InvalidInputException.class);
        ledger.requireWholeImages(0, 1);
        ledger.clear();
        ledger.requireWholeImages(1, 1);
    }

    @Test
    void ledger_copiedImagePrompt_sharesItsCells_andKeepsThemWhenTheOriginalGoes() {
        SequenceLedger ledger = new SequenceLedger("context", 3, 20);
        ledger.planPrompt(0, 9, 17);
        ledger.commit();

        ledger.copy(0, 2);

        assertThat(ledger.length(2)).isEqualTo(9);
        assertThat(ledger.free()).isEqualTo(3);
        ledger.truncate(0, 0);
        assertThat(ledger.free()).isEqualTo(3);
        assertThatThrownBy(() -> ledger.planPrompt(1, 4, 4)).isInstanceOf(ContextFullException.class);
    }
}
