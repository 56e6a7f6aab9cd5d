package org.dndllm.cli.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.experiment.Trial;
import org.dndllm.eval.report.Claim;
import org.junit.jupiter.api.Test;

class NanoTrialsTest {

    @Test
    void all_jobsOfOneName_areTheSameJob() {
        Map<String, Trial.Job> jobs = new HashMap<>();

        for (Trial trial : NanoTrials.all()) {
            for (Trial.Job job : trial.jobs()) {
                assertThat(jobs.getOrDefault(job.name(), job)).isEqualTo(job);
                jobs.put(job.name(), job);
            }
            assertThat(trial.jobs())
                    .as(trial.name())
                    .extracting(Trial.Job::name)
                    .contains(trial.reference());
        }

        assertThat(NanoTrials.names()).doesNotHaveDuplicates();
        assertThat(jobs).hasSizeGreaterThan(30);
    }

    @Test
    void claims_jobs_areDeclared() {
        List<String> jobs = NanoTrials.all().stream()
                .flatMap(trial -> trial.jobs().stream())
                .map(Trial.Job::name)
                .toList();

        for (Claim claim : NanoClaims.all()) {
            assertThat(jobs).as(claim.text()).containsAll(claim.rule().jobs());
        }
    }

    @Test
    void named_unknown_refusedWithTheList() {
        assertThatThrownBy(() -> NanoTrials.named("fame"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("--only")
                .hasMessageContaining("prompt-pool");
    }
}
