package org.dndllm.cli.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;
import org.dndllm.nano.WorldTask;
import org.junit.jupiter.api.Test;

class ExperimentTest {
    private static final List<Experiment> ALL = Experiment.all(SetPlan.nano());

    @Test
    void all_jobsOfOneName_areTheSameJob() {
        Map<String, Job> jobs = new HashMap<>();

        for (Experiment experiment : ALL) {
            for (Job job : experiment.jobs()) {
                Job other = jobs.putIfAbsent(job.name(), job);
                if (other != null) {
                    assertThat(job.flags()).isEqualTo(other.flags());
                    assertThat(job.controls()).isEqualTo(other.controls());
                    assertThat(job.checkpoints()).isEqualTo(other.checkpoints());
                }
            }
        }

        assertThat(jobs)
                .hasSize(4 + 2 + 4 + 4 + 4 + 2)
                .containsKeys("compact-seed-1", "paper-recon", "tasks-16-narrow");
    }

    @Test
    void headline_seeds_differAndNothingElseDoes() {
        Experiment headline = Experiment.named("headline", ALL);

        List<List<String>> withoutSeed = new ArrayList<>();
        List<String> seeds = new ArrayList<>();
        for (Job job : headline.jobs().subList(0, 3)) {
            List<String> flags = new ArrayList<>(job.flags());
            int at = flags.indexOf("--seed");
            flags.remove(at);
            seeds.add(flags.remove(at));
            withoutSeed.add(flags);
        }

        assertThat(seeds).doesNotHaveDuplicates();
        assertThat(seeds.getFirst())
                .isEqualTo(String.valueOf(NanoRecipe.standard().world().seed()));
        assertThat(withoutSeed.stream().distinct()).hasSize(1);
        assertThat(headline.jobs()).allMatch(Job::controls);
        assertThat(headline.jobs().getLast().checkpoints()).isTrue();
    }

    @Test
    void taskCount_lists_areAsLongAsTheirNames() {
        List<Job> jobs = Experiment.named("task-count", ALL).jobs();

        assertThat(jobs.stream().map(ExperimentTest::tasks)).containsExactly(4, 8, 16, 16, 0);
    }

    private static int tasks(Job job) {
        int at = job.flags().indexOf("--task-list");
        return at < 0 ? 0 : job.flags().get(at + 1).split(",").length;
    }

    @Test
    void extractor_jobs_differInWhatReadsThePromptsAlone() {
        List<Job> jobs = Experiment.named("extractor", ALL).jobs();

        assertThat(jobs.stream().map(Job::flags).distinct()).hasSize(1);
        assertThat(jobs).allMatch(job -> job.conditions().isPresent());
        assertThat(jobs.stream().map(job -> job.extractor().map(List::getFirst).orElse("own")))
                .containsExactly("static", "denoise", "base", "own");
    }

    @Test
    void leaveOneOut_leftTask_isEvaluatedAndNotTrainedOn() {
        for (Job job : Experiment.named("leave-one-out", ALL).jobs()) {
            String left = job.evaluation().getLast();

            assertThat(job.name()).isEqualTo("without-" + left);
            assertThat(tasks(job)).isEqualTo(31);
            assertThat(job.flags().get(job.flags().indexOf("--task-list") + 1).split(","))
                    .doesNotContain(left);
        }
    }

    @Test
    void crossDomain_kindLeftOut_isNeitherTrainedOnNorChoosesTheStep() {
        NanoWorld world = NanoWorld.of(NanoRecipe.standard().world());
        Map<String, SetPlan.Kind> kinds =
                SetPlan.nano().kinds().stream().collect(Collectors.toMap(SetPlan.Kind::job, kind -> kind));
        List<Job> jobs = Experiment.named("cross-domain", ALL).jobs();

        assertThat(jobs).extracting(Job::name).containsExactlyInAnyOrderElementsOf(kinds.keySet());
        for (Job job : jobs) {
            SetPlan.Kind kind = Objects.requireNonNull(kinds.get(job.name()));
            Set<String> left = kind.tasks();
            List<String> trained = List.of(
                    job.flags().get(job.flags().indexOf("--task-list") + 1).split(","));
            assertThat(trained).hasSizeGreaterThan(25).doesNotContainAnyElementsOf(left);
            assertThat(world.tasks(Role.VALIDATION)).extracting(WorldTask::name).doesNotContainAnyElementsOf(left);
            assertThat(job.evaluation()).containsAll(left).containsAll(kind.known());
            assertThat(world.tasks(Role.HELD_OUT)).extracting(WorldTask::name).containsAll(kind.known());
        }
        assertThat(Objects.requireNonNull(kinds.get("without-transform-next")).tasks())
                .hasSize(8)
                .contains("third-next", "first-next");
        assertThat(Objects.requireNonNull(kinds.get("without-selection-largest"))
                        .tasks())
                .hasSize(6);
    }

    @Test
    void named_unknown_refusedWithTheList() {
        assertThatThrownBy(() -> Experiment.named("fame", ALL))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("task-count");
    }
}
