package org.dndllm.cli.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.report.Claim;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SetPlanTest {
    private static final String COMPACT = "\"compact\": \"--family compact --objective task --rank 8 --seed 7\"";

    @TempDir
    Path set;

    @BeforeEach
    void tasks() throws IOException {
        Path tasks = Files.createDirectory(set.resolve("tasks"));
        StringBuilder world = new StringBuilder();
        for (List<String> task : List.of(
                List.of("ARC-c", "held_out"),
                List.of("ARC-e", "train"),
                List.of("BoolQ", "validation"),
                List.of("OBQA", "train"),
                List.of("PIQA", "train"),
                List.of("science", "held_out"))) {
            String name = task.getFirst();
            Files.writeString(tasks.resolve(name + "_train.json"), "[]");
            if (!name.equals("PIQA")) {
                Files.writeString(tasks.resolve(name + "_test.json"), "[]");
            }
            world.append(world.isEmpty() ? "" : ", ")
                    .append("{\"name\": \"%s\", \"role\": \"%s\"}".formatted(name, task.getLast()));
        }
        Files.writeString(tasks.resolve("world.json"), "{\"tasks\": [" + world + "]}");
    }

    private SetPlan plan(String more) throws IOException {
        return plan(more, COMPACT);
    }

    private SetPlan plan(String more, String compact) throws IOException {
        Files.writeString(set.resolve("experiments.json"), "{" + compact + more + "}");
        return SetPlan.of(set);
    }

    private static List<String> names(SetPlan plan) {
        return Experiment.all(plan).stream().map(Experiment::name).toList();
    }

    @Test
    void of_folderWithoutTheFile_isTheNanoSets() {
        assertThat(SetPlan.of(set)).isEqualTo(SetPlan.nano());
        assertThat(names(SetPlan.nano()))
                .containsExactly(
                        "headline",
                        "condition-text",
                        "extractor",
                        "task-count",
                        "leave-one-out",
                        "cross-domain",
                        "training-pool");
    }

    @Test
    void of_recipeAlone_hasTheExperimentsThatNeedNoMore() throws IOException {
        SetPlan plan = plan("");

        assertThat(plan.training()).containsExactly("ARC-e", "OBQA", "PIQA");
        assertThat(plan.tuning()).isEmpty();
        List<Experiment> all = Experiment.all(plan);
        assertThat(all).extracting(Experiment::name).containsExactly("headline", "condition-text", "extractor");
        assertThat(all.getFirst().jobs())
                .extracting(Job::name)
                .containsExactly("compact-seed-1", "compact-seed-2", "compact-seed-3");
        assertThat(all.getFirst().jobs()).noneMatch(Job::checkpoints);
        // the other encoders learn from the nano world's sentences, which say nothing of this set
        assertThat(all.getLast().jobs()).extracting(Job::name).containsExactly("extractor-base", "extractor-sentence");
        for (Experiment experiment : all) {
            TrainedClaims claims = TrainedClaims.of(experiment, plan);
            assertThat(claims.claims())
                    .allSatisfy(claim -> assertThat(claims.outcomes().stream().map(Outcome::name))
                            .containsAll(claim.rule().jobs()));
        }
    }

    @Test
    void of_everythingDeclared_jobsAreOfThoseTasks() throws IOException {
        SetPlan plan = plan("""
                , "paper": "--family paper --objective recon --seed 7",
                "task_count": [["ARC-e"], ["ARC-e", "OBQA"]],
                "narrow": {"title": "no science", "tasks": ["OBQA", "PIQA"]},
                "leave_one_out": ["OBQA"],
                "answer_types": [{"title": "a letter", "tasks": ["ARC-c"]}],
                "kinds": [{"title": "A R C!", "tasks": ["ARC-c", "ARC-e"]}],
                "tuning": {"rank": 8, "steps": 30, "batch": 4, "learning_rate": 1e-4}""");
        List<Experiment> all = Experiment.all(plan);

        assertThat(Experiment.named("headline", all).jobs().getLast().checkpoints())
                .isTrue();
        assertThat(Experiment.named("task-count", all).jobs())
                .extracting(Job::name)
                .containsExactly("tasks-1", "tasks-2", "tasks-2-narrow", "compact-seed-1");
        assertThat(TrainedClaims.of(Experiment.named("condition-text", all), plan)
                        .claims())
                .extracting(Claim::text)
                .singleElement(InstanceOfAssertFactories.STRING)
                .contains("where answers are a letter");
        Job without = Experiment.named("leave-one-out", all).jobs().getFirst();
        assertThat(without.flags()).containsSequence("--task-list", "ARC-e,PIQA");
        assertThat(without.evaluation()).containsExactly("--task", "OBQA");
        Job kind = Experiment.named("cross-domain", all).jobs().getFirst();
        assertThat(kind.name()).isEqualTo("without-kind-a-r-c");
        assertThat(kind.flags()).containsSequence("--task-list", "OBQA,PIQA");
        assertThat(kind.evaluation()).containsExactly("--task", "ARC-c", "--task", "ARC-e", "--task", "science");
        assertThat(plan.tuning().orElseThrow().steps()).isEqualTo(30);
        assertThat(plan.tuning().orElseThrow().recipe().lora().alpha()).isEqualTo(16);
        assertThat(TrainedClaims.of(Experiment.named("task-count", all), plan).claims())
                .anySatisfy(claim -> assertThat(claim.text()).contains("2 tasks against 2 tasks: no science"));
    }

    @Test
    void trainingPool_declaredSizes_areReadWholeAndDrawnFrom() throws IOException {
        SetPlan plan = plan(", \"training_pool\": [4, 8, 32]", COMPACT.replace("--rank 8", "--rank 8 --prompts 8"));
        Experiment experiment = Experiment.named("training-pool", Experiment.all(plan));

        assertThat(experiment.jobs())
                .extracting(Job::title)
                .containsExactly("4 of 4", "8 of 8", "8 of 32", "32 of 32", "8 of all");
        assertThat(TrainedClaims.of(experiment, plan).claims())
                .extracting(claim -> claim.rule().jobs())
                .containsExactly(
                        List.of("prompts-8-of-32", "prompts-32-of-32"), List.of("prompts-8-of-all", "prompts-8-of-8"));
    }

    @Test
    void trainingPool_smallPoolsAlone_claimsNothingOfLargerOnes() throws IOException {
        SetPlan plan = plan(", \"training_pool\": [4]", COMPACT.replace("--rank 8", "--rank 8 --prompts 8"));
        Experiment experiment = Experiment.named("training-pool", Experiment.all(plan));

        assertThat(experiment.jobs()).extracting(Job::title).containsExactly("4 of 4", "8 of all");
        assertThat(TrainedClaims.of(experiment, plan).claims()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--prompts 8 | [8, 4] | training_pool | has 4",
                "--prompts 8 | [0] | training_pool | has 0",
                "--prompts 8 | [] | training_pool | is empty",
                "--slots 8 | [8] | compact | lacks '--prompts N'"
            })
    void trainingPool_badSizes_refusedByName(String flag, String sizes, String field, String problem) {
        assertThatThrownBy(() -> plan(", \"training_pool\": " + sizes, COMPACT.replace("--rank 8", "--rank 8 " + flag)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(field)
                .hasMessageContaining(problem);
    }

    /** All tasks would count where none is named: the claim is left away instead. */
    @Test
    void crossDomain_noHeldOutTaskOfAnotherKind_claimsNothingOfThem() throws IOException {
        SetPlan plan = plan(", \"kinds\": [{\"title\": \"x\", \"tasks\": [\"ARC-c\", \"ARC-e\", \"science\"]}]");

        TrainedClaims claims = TrainedClaims.of(Experiment.named("cross-domain", Experiment.all(plan)), plan);

        assertThat(claims.claims()).hasSize(1);
        assertThat(claims.outcomes()).extracting(Outcome::name).containsExactly("other-kind", "other-kind-base");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"task_count\": [[\"ARC-c\"]] | task_count | not a task of the role train",
                "\"task_count\": [[\"ARC-e\", \"OBQA\"], [\"PIQA\"]] | task_count | must grow",
                "\"task_count\": [[\"ARC-e\", \"OBQA\", \"PIQA\"]] | task_count | below all 3",
                "\"task_count\": [[]] | task_count | is empty",
                "\"narrow\": {\"title\": \"t\", \"tasks\": [\"OBQA\"]} | narrow.tasks | no list of task_count",
                "\"leave_one_out\": [\"fame\"] | leave_one_out | 'fame'",
                "\"leave_one_out\": [\"OBQA\", \"OBQA\"] | leave_one_out | twice",
                "\"leave_one_out\": [\"PIQA\"] | leave_one_out | no test split",
                "\"kinds\": [{\"title\": \"!\", \"tasks\": [\"OBQA\"]}] | kinds[0].title | a letter",
                "\"kinds\": [{\"title\": \"t\", \"tasks\": [\"BoolQ\"]}] | kinds[0].tasks | validation",
                "\"kinds\": [{\"title\": \"t\", \"tasks\": [\"ARC-e\", \"OBQA\", \"PIQA\"]}] | kinds[0].tasks | no task to",
                "\"answer_types\": [{\"title\": \"t\", \"tasks\": [\"OBQA\"]}] | answer_types[0].tasks | held_out",
                "\"answer_types\": [{\"title\": \"t\", \"tasks\": []}] | answer_types[0].tasks | is empty",
                "\"tuning\": {\"rank\": 4, \"steps\": 9, \"learning_rate\": 1, \"batch\": 0} | tuning.batch | at least 1",
                "\"tuning\": {\"rank\": 0, \"steps\": 9, \"learning_rate\": 1, \"batch\": 1} | rank | at least 1",
                "\"paper\": \"--family paper --objective recon\" | paper | --seed",
                "\"paper\": \"--family compact --objective recon --seed 1\" | paper | --family paper",
                "\"paper\": \"--family paper --seed 1\" | paper | --objective",
                "\"paper\": \"--family paper --objective fame --seed 1\" | objective | 'fame'"
            })
    void of_badField_refusedByName(String more, String field, String problem) {
        assertThatThrownBy(() -> plan(", " + more))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(field)
                .hasMessageContaining(problem);
    }

    @Test
    void of_folderWithoutRoles_refused() throws IOException {
        Files.delete(set.resolve("tasks/world.json"));

        assertThatThrownBy(() -> plan("")).hasMessageContaining("world.json").hasMessageContaining("role train");
    }
}
