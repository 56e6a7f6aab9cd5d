package org.dndllm.cli.experiment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.eval.report.Comparison;
import org.dndllm.eval.report.Study;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs that were never run: their files are written by hand. */
class TrainedTablesTest {
    @TempDir
    Path work;

    private void job(String name, int right, boolean diagnosed) throws IOException {
        Path job = Files.createDirectories(work.resolve("jobs").resolve(name));
        Files.createDirectory(job.resolve("report"));
        Files.writeString(job.resolve("report/report.json"), """
                {"tasks": [{"task": "a", "items": 10, "controls": {
                  "generated": {"measured": true, "runs": [{"right": %d}]},
                  "junk": {"measured": true, "runs": [{"right": 1}]}}}]}""".formatted(right));
        StringBuilder answers = new StringBuilder("task,control,run,item,right\n");
        for (int item = 1; item <= 10; item++) {
            answers.append("a,generated,seed 1,%d,%b%n".formatted(item, item <= right));
        }
        Files.writeString(job.resolve("report/answers.csv"), answers);
        Files.writeString(job.resolve("done.json"), "{}");
        if (diagnosed) {
            Files.writeString(job.resolve("diagnosed.json"), "{}");
            Files.writeString(job.resolve("conditions.json"), """
                    {"conditions": {"variance_between": 1, "variance_within": 4, "cosine_between": 0.995, "silhouette": -0.2,
                      "prompt_accuracy": {"value": 0.1}, "draw_accuracy": {"value": 0.6},
                      "warnings": ["collapsed: as good as one point"]}}""");
        }
    }

    private Study.Trained extractor() {
        return TrainedTables.of(SetPlan.nano(), work).stream()
                .filter(trained -> trained.name().equals("extractor"))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void of_someJobsDone_bothTablesAndWhatIsNotRun() throws IOException {
        job("extractor-base", 2, true);
        job("extractor-sentence", 9, false);

        Study.Trained trained = extractor();

        assertThat(trained.tables().getFirst().markdown())
                .contains("| base model's states | - | 20.0 |", "| Sentence-BERT | - | 90.0 |");
        assertThat(trained.tables().get(1).markdown())
                .contains(
                        "| base model's states | 20.0 |",
                        "| 10.0 | 0.2500 | 0.995 | -0.200 | 10.0 % | 60.0 % | collapsed |")
                .doesNotContain("Sentence-BERT");
        assertThat(trained.notRun()).containsOnlyKeys("extractor-static", "extractor-denoise");
        // and each is compared with the last, item by item
        assertThat(trained.pairs()).contains(new Comparison.Pair("extractor-base", "extractor-sentence"));
        assertThat(trained.command()).isEqualTo("dnd experiment extractor");
    }

    @Test
    void of_nothingDone_noTables() {
        assertThat(extractor().tables()).isEmpty();
        assertThat(extractor().notRun()).hasSize(4);
    }
}
