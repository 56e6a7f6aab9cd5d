package org.dndllm.eval.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.dndllm.encoder.ConditionText;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskRole;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PromptsTest {
    private static final int SIZE = 40;

    @TempDir
    Path folder;

    private Prompts.Source source;

    @BeforeEach
    void tasks() throws IOException {
        for (String task : List.of("a", "b", "c", "far")) {
            List<String> items = IntStream.range(0, SIZE)
                    .mapToObj(i -> "{\"prompt\": \"%s %d\", \"response\": \"x\", \"system\": \"\"}".formatted(task, i))
                    .toList();
            Files.writeString(folder.resolve(task + "_train.json"), "[" + String.join(",", items) + "]");
        }
        Files.writeString(folder.resolve("world.json"), """
                {"tasks": [{"name": "a", "role": "held_out"}, {"name": "b", "role": "held_out"},
                 {"name": "c", "role": "held_out"}, {"name": "far", "role": "outside"}]}""");
        source = new Prompts.Source(TaskFolder.open(folder), ConditionText.PROMPTS);
    }

    @Test
    void pool_smallerThanTheTask_isFixedBySeedAndOfItsOwnPrompts() {
        PromptSet pool = new Prompts.Pool(8).of(source, "b", 64, 3);

        assertThat(pool.prompts()).hasSize(8).doesNotHaveDuplicates().allMatch(prompt -> prompt.startsWith("b "));
        assertThat(new Prompts.Pool(8).of(source, "b", 64, 3)).isEqualTo(pool);
        assertThat(new Prompts.Pool(8).of(source, "b", 64, 4)).isNotEqualTo(pool);
        assertThat(Prompts.OWN.of(source, "b", 64, 3).prompts()).hasSize(SIZE);
    }

    @Test
    void mixed_quarter_countsOfBothAndAnotherTaskForEachSeed() {
        Prompts quarter = new Prompts.Mixed(25, TaskRole.HELD_OUT);

        assertThat(count(quarter.of(source, "b", 16, 1), "c")).isEqualTo(4);
        assertThat(count(quarter.of(source, "b", 16, 1), "b")).isEqualTo(12);
        assertThat(count(quarter.of(source, "b", 16, 2), "a"))
                .as("after the last comes the first")
                .isEqualTo(4);
        assertThat(count(new Prompts.Mixed(50, TaskRole.OUTSIDE).of(source, "b", 16, 1), "far"))
                .isEqualTo(8);
    }

    @Test
    void mixed_noOtherTask_saysSo() {
        assertThat(new Prompts.Mixed(50, TaskRole.VALIDATION).absent(source.folder(), TaskRole.HELD_OUT))
                .contains("validation");
        assertThat(new Prompts.Mixed(50, TaskRole.HELD_OUT).absent(source.folder(), TaskRole.HELD_OUT))
                .isEmpty();
        assertThat(new Prompts.Mixed(50, TaskRole.OUTSIDE).absent(source.folder(), TaskRole.HELD_OUT))
                .as("one is enough for tasks of another role")
                .isEmpty();
        assertThat(new Prompts.Mixed(50, TaskRole.OUTSIDE).absent(source.folder(), TaskRole.OUTSIDE))
                .as("and none for itself")
                .contains("outside");
    }

    private static long count(PromptSet set, String task) {
        return set.prompts().stream()
                .filter(prompt -> prompt.startsWith(task + " "))
                .count();
    }
}
