package org.dndllm.cli.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.experiment.Trial;
import org.dndllm.eval.report.Claim;
import org.junit.jupiter.api.Test;

class TrialsTest {
    private static final TrialScale SCALE = new TrialScale(64, 4, 384, OptionalLong.of(150));
    private static final Trials NANO = new Trials(SCALE);

    @Test
    void all_jobsOfOneName_areTheSameJob() {
        Map<String, Trial.Job> jobs = new HashMap<>();

        for (Trial trial : NANO.all()) {
            for (Trial.Job job : trial.jobs()) {
                assertThat(jobs.getOrDefault(job.name(), job)).isEqualTo(job);
                jobs.put(job.name(), job);
            }
            assertThat(trial.jobs())
                    .as(trial.name())
                    .extracting(Trial.Job::name)
                    .contains(trial.reference());
        }

        assertThat(NANO.all()).extracting(Trial::name).containsExactlyElementsOf(Trials.names());
        assertThat(jobs).hasSizeGreaterThan(30);
    }

    @Test
    void claims_jobs_areDeclared() {
        List<String> jobs = NANO.all().stream()
                .flatMap(trial -> trial.jobs().stream())
                .map(Trial.Job::name)
                .toList();

        for (Claim claim : TrialClaims.all(SCALE)) {
            assertThat(jobs).as(claim.text()).containsAll(claim.rule().jobs());
        }
    }

    @Test
    void named_unknown_refusedWithTheList() {
        assertThatThrownBy(() -> NANO.named("fame"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("--only")
                .hasMessageContaining("prompt-pool");
    }

    /** Work folders of the nano set are full of these: their names and arms must not change. */
    @Test
    void all_ofTheNanoScale_areTheJobsThatTheyWere() {
        assertThat(NANO.named("prompt-pool").jobs())
                .extracting(Trial.Job::name)
                .containsExactly(
                        "prompts-16",
                        "prompts-32",
                        "generated",
                        "prompts-128",
                        "prompts-256",
                        "prompts-384",
                        "pool-16",
                        "pool-32",
                        "pool-128",
                        "pool-256");
        assertThat(NANO.named("prompt-count").jobs())
                .extracting(Trial.Job::name)
                .containsExactly(
                        "prompts-1",
                        "prompts-2",
                        "prompts-4",
                        "prompts-8",
                        "prompts-16",
                        "prompts-32",
                        "generated",
                        "prompts-128",
                        "prompts-256",
                        "prompts-384");
        assertThat(NANO.named("rank").jobs())
                .extracting(Trial.Job::name)
                .containsExactly("rank-1", "rank-2", "rank-3", "generated");
        assertThat(NANO.named("few-shot").jobs())
                .extracting(Trial.Job::name)
                .startsWith(
                        "tuned-4",
                        "tuned-16",
                        "tuned-64",
                        "tuned-256",
                        "tuned-384",
                        "tuned-384-steps-20",
                        "tuned-384-steps-50",
                        "shots-1");
    }

    /** The official 0.5B target reads 128 prompts at rank 8; ARC-c has 1,119 training prompts. */
    @Test
    void all_ofAnotherScale_goAsFarAsItsPromptsAndRank() {
        Trials trials = new Trials(new TrialScale(128, 8, 1119, OptionalLong.empty()));

        assertThat(trials.named("prompt-count").jobs())
                .extracting(Trial.Job::name)
                .contains("prompts-64", "generated", "prompts-1024", "prompts-1119")
                .doesNotContain("prompts-128");
        assertThat(trials.named("prompt-pool").jobs())
                .extracting(Trial.Job::name)
                .startsWith("prompts-32")
                .contains("pool-1024");
        assertThat(trials.named("rank").jobs())
                .extracting(Trial.Job::name)
                .containsExactly("rank-1", "rank-2", "rank-3", "rank-4", "generated");
        assertThat(trials.all()).extracting(Trial::name).doesNotContain("few-shot");
    }
}
