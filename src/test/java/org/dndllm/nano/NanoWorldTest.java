package org.dndllm.nano;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.format.Sha256;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NanoWorldTest {
    private static final NanoWorld WORLD = NanoWorld.of(WorldSpec.standard());

    @Test
    void tasks_standard_fillTheGrid() {
        assertThat(WORLD.tasks(Role.TRAIN)).hasSize(32);
        assertThat(WORLD.tasks(Role.VALIDATION)).hasSize(4);
        assertThat(WORLD.tasks(Role.HELD_OUT)).hasSize(12);
        assertThat(WORLD.tasks(Role.OUTSIDE)).hasSizeGreaterThanOrEqualTo(4);
        assertThat(WORLD.tasks().stream().map(WorldTask::name)).doesNotHaveDuplicates();
    }

    @Test
    void tasks_everySelectionAndTransform_occursInTrainingAndHeldOut() {
        for (Role role : List.of(Role.TRAIN, Role.HELD_OUT)) {
            List<Combination> cells = WORLD.tasks(role).stream()
                    .map(task -> task.combination().orElseThrow())
                    .toList();
            assertThat(cells.stream().map(Combination::selection)).contains(Selection.values());
            assertThat(cells.stream().map(Combination::transform)).contains(Transform.values());
        }
        // Two held-out tasks for each transform: none weighs more than another.
        assertThat(WORLD.tasks(Role.HELD_OUT).stream()
                        .collect(Collectors.groupingBy(
                                task -> task.combination().orElseThrow().transform(), Collectors.counting()))
                        .values())
                .containsOnly(2L);
    }

    @Test
    void task_unknownName_throwsAndNamesThoseThatAre() {
        assertThat(WORLD.task("largest-next").combination())
                .contains(new Combination(Selection.LARGEST, Transform.NEXT));
        assertThatThrownBy(() -> WORLD.task("largest-sideways"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("largest-sideways")
                .hasMessageContaining("largest-next");
    }

    @Test
    void instructions_testSplit_nameEveryRuleOverUnseenLists() {
        List<Turn> items = WORLD.instructions(Split.TEST, 96);

        assertThat(items).hasSize(96).isEqualTo(WORLD.instructions(Split.TEST, 96));
        assertThat(items.stream().map(item -> item.prompt().split(" : ")[0]).distinct())
                .hasSize(48)
                .contains("largest then next");
        assertThat(items).allSatisfy(item -> {
            LetterList list = new LetterList(item.prompt().split(" : ")[1].replace(" ", ""));
            assertThat(list.split(WORLD.spec())).isEqualTo(Split.TEST);
        });
    }

    @Test
    void trainingSubset_growing_isNestedAndBalanced() {
        List<WorldTask> all = WORLD.trainingSubset(32);
        assertThat(all).containsExactlyInAnyOrderElementsOf(WORLD.tasks(Role.TRAIN));
        for (int size : List.of(4, 8, 16)) {
            List<WorldTask> subset = WORLD.trainingSubset(size);
            assertThat(subset).isEqualTo(all.subList(0, size));
            assertSpread(subset, Selection.values().length, size, 0);
            assertSpread(subset, Transform.values().length, size, 1);
        }
        assertThatThrownBy(() -> WORLD.trainingSubset(33))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("32");
    }

    @Test
    void narrowTrainingSubset_has16TasksOfFourTopics() {
        List<WorldTask> narrow = WORLD.narrowTrainingSubset();

        assertThat(narrow).hasSize(16).allMatch(task -> task.role() == Role.TRAIN);
        assertThat(narrow.stream()
                        .map(task -> task.combination().orElseThrow().selection())
                        .distinct())
                .hasSize(4);
        // The four most frequent manners hold all but two tasks.
        List<Long> columns = narrow.stream()
                .collect(Collectors.groupingBy(
                        task -> task.combination().orElseThrow().transform(), Collectors.counting()))
                .values()
                .stream()
                .sorted()
                .toList();
        assertThat(columns.reversed().stream().limit(4).mapToLong(n -> n).sum()).isEqualTo(14);
    }

    @Test
    void conditionTexts_kinds_differInAnswersOnly() {
        List<Turn> items = WORLD.items(WORLD.task("first-upper"), Split.TRAIN).subList(0, 10);

        List<String> answered = ConditionText.PROMPTS_AND_ANSWERS.texts(items);
        List<String> mixed = ConditionText.MIXED.texts(items);

        assertThat(ConditionText.PROMPTS.texts(items))
                .isEqualTo(items.stream().map(Turn::prompt).toList());
        assertThat(answered.get(0))
                .isEqualTo(items.get(0).prompt() + " " + items.get(0).response());
        for (int i = 0; i < items.size(); i++) {
            assertThat(mixed.get(i))
                    .isEqualTo(i == 4 || i == 9 ? answered.get(i) : items.get(i).prompt());
        }
    }

    @Test
    void junkPrompts_seeds_differAndShareNoWordWithTheWorld() {
        List<String> junk = WORLD.junkPrompts(200, 1);

        assertThat(junk).hasSize(200).doesNotHaveDuplicates().isEqualTo(WORLD.junkPrompts(200, 1));
        assertThat(junk).isNotEqualTo(WORLD.junkPrompts(200, 2));
        Stream<String> worldText = Stream.concat(
                WORLD.tasks().stream()
                        .flatMap(task -> WORLD.items(task, Split.TRAIN).stream().map(Turn::prompt)),
                Stream.iterate(0, i -> i < 5000, i -> i + 1).map(WORLD::encoderSentence));
        assertThat(junk.stream().flatMap(NanoWorldTest::words).distinct())
                .doesNotContainAnyElementsOf(
                        worldText.flatMap(NanoWorldTest::words).distinct().toList());
    }

    @Test
    void world_sameSeed_sameBytes() {
        // A fixed digest, so that a change of JDK or of code that moves a single draw is noticed.
        assertThat(digest(WORLD)).isEqualTo("606ae32e64d459431189f154baeacc62a1764f329879491796e3d1a54e091c91");
        assertThat(digest(NanoWorld.of(WorldSpec.standard()))).isEqualTo(digest(WORLD));
        assertThat(digest(NanoWorld.of(WorldSpec.standard().withSeed(7)))).isNotEqualTo(digest(WORLD));
    }

    @Test
    void writeTasks_files_holdTheItemsInTheOfficialFormat(@TempDir Path temp) throws IOException {
        // given
        Path folder = temp.resolve("tasks");

        // when
        WORLD.writeTasks(folder);

        // then
        for (WorldTask task : WORLD.tasks()) {
            for (Split split : Split.values()) {
                Path file = folder.resolve(task.name() + "_" + split.label() + ".json");
                List<Turn> read =
                        JsonValue.parse(Files.readString(file), file.toString())
                                .asArray(file.toString())
                                .objects()
                                .stream()
                                .peek(item -> assertThat(item.string("system")).isEmpty())
                                .map(item -> new Turn(item.string("prompt"), item.string("response")))
                                .toList();
                assertThat(read).isEqualTo(WORLD.items(task, split));
            }
        }
        Path description = folder.resolve("world.json");
        JsonValue.Obj world =
                JsonValue.parse(Files.readString(description), "world.json").asObject("world.json");
        assertThat(world.integer("seed")).isEqualTo(WORLD.spec().seed());
        assertThat(world.object("spec").number("cueNoise")).isEqualTo(0.5);
        assertThat(world.array("tasks").objects()).hasSize(WORLD.tasks().size());
        assertThat(world.array("tasks").objects().get(0).string("role")).isEqualTo("held-out");
        assertThatThrownBy(() -> WORLD.writeTasks(folder)).isInstanceOf(InvalidInputException.class);
    }

    @Test
    void spec_outOfRange_namesTheField() {
        assertThatThrownBy(() -> WorldSpec.standard().withCueNoise(1.5))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("cueNoise")
                .hasMessageContaining("1.5");
        assertThatThrownBy(() -> WorldSpec.standard().withCueNoise(Double.NaN))
                .isInstanceOf(InvalidInputException.class);
    }

    private static String digest(NanoWorld world) {
        StringBuilder text = new StringBuilder();
        for (WorldTask task : world.tasks()) {
            Arrays.stream(Split.values()).forEach(split -> text.append(world.items(task, split)));
        }
        for (int i = 0; i < 500; i++) {
            text.append(world.baseDocument(i)).append(world.encoderSentence(i)).append(world.contrastivePair(i));
        }
        text.append(world.junkPrompts(20, 3)).append(world.bpeVocabulary().merges());
        return Sha256.of(text.append(world.wordPieceVocabulary()).toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Counts per row (part 0) or column (part 1) of the grid differ by at most one. */
    private static void assertSpread(List<WorldTask> subset, int groups, int size, int part) {
        var counts = subset.stream()
                .collect(Collectors.groupingBy(task -> task.name().split("-")[part], Collectors.counting()));
        assertThat(counts).hasSize(Math.min(groups, size));
        assertThat(counts.values()).allMatch(n -> n >= size / groups && n <= (size + groups - 1) / groups);
    }

    private static Stream<String> words(String text) {
        return Arrays.stream(text.split(" "));
    }
}
