package org.dndllm.eval.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.PromptSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SplitDisciplineTest {
    private static final String ASKED =
            "Fog is around:\nA: a marsh\nB: a desert.\nPlease answer choosing from [A]/[B].";
    private static final String NEW = "Fog is around:\nA: a mill\nB: a desert\nPlease answer choosing from A/B.";

    @TempDir
    Path folder;

    @Test
    void aTrainingFileWithOtherQuestionsPasses() throws IOException {
        ConditionOrigin origin = check("OBQA_train.json", List.of(NEW), Optional.empty(), Protocol.SEPARATE);
        assertThat(origin).isEqualTo(new ConditionOrigin("OBQA_train.json", Split.TRAIN, 0, ""));
        assertThat(origin.isTainted()).isFalse();
    }

    @Test
    void aTestSplitIsRefusedUnlessTheOfficialProtocolIsAskedFor() throws IOException {
        assertThatThrownBy(() -> check("OBQA_test.json", List.of(NEW), Optional.empty(), Protocol.SEPARATE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("OBQA_test.json: split: is a test split")
                .hasMessageContaining("official protocol");
        assertThatThrownBy(() -> check("mine.json", List.of(NEW), Optional.of(Split.TEST), Protocol.SEPARATE))
                .hasMessageContaining("mine.json: split: is a test split");
        ConditionOrigin origin = check("OBQA_test.json", List.of(NEW), Optional.empty(), Protocol.OFFICIAL);
        assertThat(origin.isTainted()).isTrue();
        assertThat(origin.breach()).startsWith("OBQA_test.json is a test split");
    }

    @Test
    void aTestSplitIsRefusedWithoutAScoredFileToo() {
        PromptSet condition = new PromptSet("ARC-c_test.json", List.of("q"));
        assertThatThrownBy(
                        () -> SplitDiscipline.check(condition, Optional.empty(), Optional.empty(), Protocol.SEPARATE))
                .isInstanceOf(InvalidInputException.class);
    }

    /** The same question, however it is set and whatever the file is called. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "\"Fog is around:\nA: a marsh\nB: a desert.\nPlease answer choosing from [A]/[B].\"",
                "\"Fog is around:\nA: a marsh\nB: a desert\nPlease answer choosing from A/B.\"",
                "\"  fog is  around\nA: A marsh\nB: A desert\"",
                "Fog is around:",
                "fog is around"
            })
    void sharedQuestionsAreRefused(String prompt) throws IOException {
        List<String> prompts = List.of(NEW, prompt);
        assertThatThrownBy(() -> check("mine_train.json", prompts, Optional.empty(), Protocol.SEPARATE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("mine_train.json: prompts: holds 1 of the questions of ")
                .hasMessageContaining("training split without them");
        ConditionOrigin origin = check("mine_train.json", prompts, Optional.empty(), Protocol.OFFICIAL);
        assertThat(origin.overlap()).isEqualTo(1);
        assertThat(origin.isTainted()).isTrue();
        PromptSet rest = SplitDiscipline.withoutScored(new PromptSet("mine_train.json", prompts), scored());
        assertThat(rest.prompts()).containsExactly(NEW);
    }

    @Test
    void nothingLeftIsRefused() throws IOException {
        PromptSet all = new PromptSet("mine.json", List.of(ASKED));
        BenchmarkSet scored = scored();
        assertThatThrownBy(() -> SplitDiscipline.withoutScored(all, scored))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("mine.json: prompts: no prompt found");
    }

    @Test
    void aNameThatSaysTestCannotBeDeclaredAway() throws IOException {
        for (Protocol protocol : Protocol.values()) {
            assertThatThrownBy(() -> check("GSM8K.json", List.of(NEW), Optional.of(Split.TRAIN), protocol))
                    .hasMessageContaining("GSM8K.json: split: is declared train, but the file's name says test");
        }
        Path file = Files.writeString(folder.resolve("x_test.json"), "[{\"prompt\":\"q\",\"response\":\"r\"}]");
        assertThatThrownBy(() -> BenchmarkReader.read(file, Optional.empty(), Optional.of(Split.TRAIN)))
                .hasMessageContaining("x_test.json: split: is declared train");
    }

    private ConditionOrigin check(String name, List<String> prompts, Optional<Split> declared, Protocol protocol)
            throws IOException {
        return SplitDiscipline.check(new PromptSet(name, prompts), declared, Optional.of(scored()), protocol);
    }

    private BenchmarkSet scored() throws IOException {
        String json = "[{\"prompt\":\"" + ASKED.replace("\n", "\\n") + "\",\"response\":\"[A]\"}]";
        return BenchmarkReader.read(Files.writeString(folder.resolve("OBQA_test.json"), json));
    }
}
