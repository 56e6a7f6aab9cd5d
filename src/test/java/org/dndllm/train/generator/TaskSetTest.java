package org.dndllm.train.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionText;
import org.dndllm.format.JsonWriter;
import org.dndllm.train.Example;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskSetTest {
    private static final String WORLD = """
            {"tasks": [{"name": "a", "role": "train"}, {"name": "b", "role": "train"},
                       {"name": "c", "role": "validation"}, {"name": "d", "role": "held-out"}]}""";

    @TempDir
    Path folder;

    @Test
    void read_roles_heldOutTasksAreNotLookedAt() throws IOException {
        write("a", "b", "c");
        Files.writeString(folder.resolve("d_train.json"), "not even JSON");
        Files.writeString(folder.resolve("world.json"), WORLD);

        TaskSet tasks = read(selection(List.of(), 0, 4));

        assertThat(names(tasks.train())).containsExactly("a", "b");
        assertThat(names(tasks.validation())).containsExactly("c");
        assertThat(tasks.setsTasksAside()).isTrue();
        assertThat(names(tasks.all())).containsExactly("a", "b", "c");
        assertThat(tasks.train().getFirst().conditions()).containsExactlyInAnyOrder(prompts("a"));
        assertThat(tasks.train().getFirst().sha256()).hasSize(64);
    }

    @Test
    void read_withoutRoles_allTasksTrainAndTheirOwnItemsValidate() throws IOException {
        write("a", "b");
        Files.writeString(folder.resolve("a_validation.json"), "[{\"prompt\": \"v\", \"response\": \"r\"}]");

        TaskSet tasks = read(selection(List.of(), 0, 4));

        assertThat(tasks.setsTasksAside()).isFalse();
        assertThat(tasks.all()).isEqualTo(tasks.train());
        assertThat(tasks.train().getFirst().validation()).hasSize(1);
        assertThat(tasks.train().getLast().validation()).isEmpty();
    }

    @Test
    void read_listAndPool_takesAsManyAndTheSameForASeed() throws IOException {
        write("a", "b", "c");

        TaskSet once = read(selection(List.of("b"), 5, 4));
        TaskSet again = read(selection(List.of("b"), 5, 4));

        assertThat(names(once.train())).containsExactly("b");
        assertThat(once.train().getFirst().conditions()).hasSize(5).isSubsetOf(prompts("b"));
        assertThat(once.train().getFirst().train()).hasSize(8);
        assertThat(again.train().getFirst().conditions())
                .isEqualTo(once.train().getFirst().conditions());
    }

    @Test
    void read_pools_areNestedAndDifferBySeed() throws IOException {
        write("a", "b");

        List<String> small = read(selection(List.of(), 4, 4)).train().getFirst().conditions();
        List<String> large = read(selection(List.of(), 6, 4)).train().getFirst().conditions();
        List<String> all = read(selection(List.of(), 0, 4)).train().getFirst().conditions();
        List<String> other = read(new TaskSet.Selection(List.of(), ConditionText.PROMPTS, 4, 4, 100, 2))
                .train()
                .getFirst()
                .conditions();

        assertThat(small).hasSize(4);
        assertThat(large).hasSize(6).containsAll(small);
        assertThat(all).hasSize(8).containsAll(large);
        assertThat(other).as("of another seed").hasSize(4).isNotEqualTo(small);
    }

    @Test
    void read_pool_limitsConditionsOfTrainingTasksAlone() throws IOException {
        write("a", "b", "c");
        Files.writeString(folder.resolve("d_train.json"), "[]");
        Files.writeString(folder.resolve("world.json"), WORLD);

        TaskSet tasks = read(selection(List.of(), 5, 4));

        assertThat(tasks.train()).allSatisfy(task -> {
            assertThat(task.conditions()).hasSize(5);
            assertThat(task.train()).as("labelled items").hasSize(8);
        });
        assertThat(tasks.validation().getFirst().conditions())
                .as("a task that is set aside")
                .isEqualTo(
                        read(selection(List.of(), 0, 4)).validation().getFirst().conditions())
                .hasSize(8);
    }

    @Test
    void selection_asJson_staysWhatRunsWereMadeWith() {
        assertThat(JsonWriter.compact(selection(List.of(), 0, 4).toJson()))
                .isEqualTo("{\"condition_text\":\"prompts\",\"pool\":0,\"max_tokens\":100}");
        assertThat(selection(List.of(), 5, 4).toJson()).containsEntry("pool", 5);
    }

    @Test
    void read_conditionTexts_holdAnswersAsAsked() throws IOException {
        write("a");

        assertThat(read(text(ConditionText.PROMPTS)).train().getFirst().conditions())
                .noneMatch(text -> text.contains("answer"));
        assertThat(read(text(ConditionText.PROMPTS_AND_ANSWERS))
                        .train()
                        .getFirst()
                        .conditions())
                .allMatch(text -> text.contains("answer"));
        assertThat(read(text(ConditionText.MIXED)).train().getFirst().conditions().stream()
                        .filter(text -> text.contains("answer")))
                .hasSize(1); // 8 items: the fifth
    }

    @Test
    void read_unsuitable_refused() throws IOException {
        write("a", "b", "c", "d");
        Files.writeString(folder.resolve("world.json"), WORLD);

        refused(selection(List.of("d"), 0, 4), "has the role held-out");
        refused(selection(List.of("e"), 0, 4), "is not there");
        refused(selection(List.of(), 0, 9), "has 8 prompts, fewer than the 9");
        refused(selection(List.of(), 20, 4), "a_train.json", "has 8 prompts, fewer than the 20");
        refused(selection(List.of(), 3, 4), "pool of 3", "the 4 of a condition");
        Files.writeString(folder.resolve("world.json"), WORLD.replace("\"a\"", "\"x\""));
        refused(selection(List.of(), 0, 4), "there is no x_train.json");
        Files.writeString(folder.resolve("world.json"), WORLD.replace("\"train\"", "\"other\""));
        refused(selection(List.of(), 0, 4), "no task the role train");
    }

    private void refused(TaskSet.Selection selection, String... message) {
        assertThatThrownBy(() -> read(selection))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll(message);
    }

    private TaskSet read(TaskSet.Selection selection) {
        return TaskSet.read(folder, selection, item -> Example.of(new int[] {1, 2}, new int[] {3}));
    }

    private static TaskSet.Selection selection(List<String> only, int pool, int prompts) {
        return new TaskSet.Selection(only, ConditionText.PROMPTS, pool, prompts, 100, 1);
    }

    private static TaskSet.Selection text(ConditionText text) {
        return new TaskSet.Selection(List.of(), text, 0, 4, 100, 1);
    }

    private static List<String> names(List<GeneratorTask> tasks) {
        return tasks.stream().map(GeneratorTask::name).toList();
    }

    private static String[] prompts(String task) {
        return IntStream.range(0, 8).mapToObj(i -> task + " " + i).toArray(String[]::new);
    }

    private void write(String... names) throws IOException {
        for (String name : names) {
            String items = java.util.Arrays.stream(prompts(name))
                    .map(prompt -> "{\"prompt\": \"" + prompt + "\", \"response\": \"answer\", \"system\": \"\"}")
                    .collect(Collectors.joining(",", "[", "]"));
            Files.writeString(folder.resolve(name + "_train.json"), items);
        }
    }
}
