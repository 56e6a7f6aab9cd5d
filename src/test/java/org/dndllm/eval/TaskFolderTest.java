package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TaskFolderTest {
    @TempDir
    Path folder;

    @Test
    void open_withRoles_namesByRole() {
        // given
        for (String name : new String[] {"a", "b", "c", "d"}) {
            TaskFiles.task(folder, name);
        }
        TaskFiles.world(folder, "a", "train", "b", "held_out", "c", "held-out", "d", "outside");

        // when
        TaskFolder tasks = TaskFolder.open(folder);

        // then
        assertThat(tasks.names()).containsExactly("a", "b", "c", "d");
        assertThat(tasks.names(TaskRole.HELD_OUT)).containsExactly("b", "c");
        assertThat(tasks.names(TaskRole.OUTSIDE)).containsExactly("d");
        assertThat(tasks.trainingTasks("b")).containsExactly("a");
        assertThat(tasks.task("d").role()).contains(TaskRole.OUTSIDE);
    }

    @Test
    void open_withoutWorld_everyOtherTaskIsForTraining() {
        TaskFiles.task(folder, "a");
        TaskFiles.task(folder, "b");
        TaskFiles.task(folder, "c");

        TaskFolder tasks = TaskFolder.open(folder);

        assertThat(tasks.hasRoles()).isFalse();
        assertThat(tasks.trainingTasks("b")).containsExactly("a", "c");
        assertThat(tasks.task("b").role()).isEmpty();
    }

    @Test
    void task_soundFiles_itemsAndPrompts() {
        TaskFiles.task(folder, "a");
        TaskFiles.write(folder, "a", "validation", 50, 2);

        TaskData task = TaskFolder.open(folder).task("a");

        assertThat(task.train()).hasSize(24);
        assertThat(task.validation()).hasSize(2);
        assertThat(task.test()).hasSize(9);
        assertThat(task.warnings()).isEmpty();
        assertThat(task.trainPrompts().prompts()).startsWith("say a number 0").hasSize(24);
        assertThat(task.trainPrompts().source()).endsWith("a_train.json");
        assertThat(task.test().getFirst().isAnsweredBy(" word1\n")).isTrue();
        assertThat(task.test().getFirst().isAnsweredBy("word1.")).isFalse();
    }

    @Test
    void task_officialWithoutSystem_accepted() {
        TaskFiles.text(folder.resolve("a_test.json"), "[{\"prompt\": \"p\", \"response\": \"r\"}]");

        TaskData task = TaskFolder.open(folder).task("a");

        assertThat(task.test()).containsExactly(new TaskItem("p", "r", ""));
        assertThat(task.test().getFirst().question()).hasSize(1);
        assertThatThrownBy(task::requireScorable)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("a_train.json")
                .hasMessageContaining("never from the test split");
    }

    @Test
    void task_repeatsAndEmptyTrainAnswers_warnings() {
        TaskFiles.text(
                folder.resolve("a_train.json"),
                "[" + TaskFiles.item("p", "r") + "," + TaskFiles.item("p", "r") + "," + TaskFiles.item("q", "") + "]");

        TaskData task = TaskFolder.open(folder).task("a");

        assertThat(task.warnings()).hasSize(2);
        assertThat(task.warnings().get(0)).contains("a_train.json", "1 prompts that occurred");
        assertThat(task.warnings().get(1)).contains("1 items with an empty response");
        assertThatThrownBy(task::requireScorable).hasMessageContaining("a_test.json");
    }

    /** Content of {@code a_test.json} beside a sound training split, and what the refusal must name. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "empty file|``|$",
                "not JSON|`[{]`|$",
                "an object|`{}`|array",
                "item is text|`[\"p\"]`|object",
                "no prompt|`[{\"response\": \"r\"}]`|prompt",
                "prompt is a number|`[{\"prompt\": 3, \"response\": \"r\"}]`|prompt",
                "blank prompt|`[{\"prompt\": \" \", \"response\": \"r\"}]`|item 1",
                "no response|`[{\"prompt\": \"p\"}]`|response",
                "empty response|`[{\"prompt\": \"p\", \"response\": \"r\"}, {\"prompt\": \"q\", \"response\": \"\"}]`|item 2",
                "system is a list|`[{\"prompt\": \"p\", \"response\": \"r\", \"system\": []}]`|system",
                "prompt of the training split|`[{\"prompt\": \"say a number 3\", \"response\": \"r\"}]`|item 1: has a prompt",
                "two values for one key|`[{\"prompt\": \"p\", \"prompt\": \"q\", \"response\": \"r\"}]`|prompt",
                "trailing comma|`[{\"prompt\": \"p\", \"response\": \"r\"},]`|$",
            })
    void task_malformed_refusedWithFileAndItem(String name, String content, String field) {
        TaskFiles.write(folder, "a", "train", 0, 24);
        TaskFiles.text(folder.resolve("a_test.json"), content == null ? "" : content);
        TaskFolder tasks = TaskFolder.open(folder);

        assertThatThrownBy(() -> tasks.task("a"))
                .as(name)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("a_test.json")
                .hasMessageContaining(field);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "no tasks|`{}`|tasks",
                "unknown role|`{\"tasks\": [{\"name\": \"a\", \"role\": \"spare\"}]}`|role: is 'spare'",
                "no role|`{\"tasks\": [{\"name\": \"a\"}]}`|role",
                "absent task|`{\"tasks\": [{\"name\": \"z\", \"role\": \"train\"}]}`|'z'",
                "task twice|`{\"tasks\": [{\"name\": \"a\", \"role\": \"train\"}, {\"name\": \"a\", \"role\": \"train\"}]}`|second",
                "a list|`[]`|object",
            })
    void open_malformedWorld_refused(String name, String content, String field) {
        TaskFiles.task(folder, "a");
        TaskFiles.text(folder.resolve("world.json"), content);

        assertThatThrownBy(() -> TaskFolder.open(folder))
                .as(name)
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("world.json")
                .hasMessageContaining(field);
    }

    @Test
    void open_noFolderOrNoTask_refused() {
        TaskFiles.text(folder.resolve("notes.json"), "[]");

        assertThatThrownBy(() -> TaskFolder.open(folder.resolve("absent")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("is not a folder");
        assertThatThrownBy(() -> TaskFolder.open(folder)).hasMessageContaining("holds no");
    }

    @Test
    void task_unknownName_refusedWithList() {
        TaskFiles.task(folder, "a");

        assertThatThrownBy(() -> TaskFolder.open(folder).task("b"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("'b'")
                .hasMessageContaining("there are a");
        assertThat(TaskRole.of("nothing")).isEqualTo(Optional.empty());
    }
}
