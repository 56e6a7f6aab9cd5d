package org.dndllm.eval.score;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.benchmark.BenchmarkReader;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The right answers of the official files, as the files write them, before both scorers. */
class OfficialAnswersTest {
    /** What the official scorer misses: options 1 to 4 and E (spec: see {@link OfficialScorer}), commas in GSM8K. */
    @ParameterizedTest
    @CsvSource({
        "commonsense/ARC-c_test.json,22",
        "commonsense/ARC-c_train.json,23",
        "commonsense/ARC-e_train.json,104",
        "commonsense/OBQA_test.json,0",
        "commonsense/PIQA_test.json,0",
        "generation/GSM8K.json,14"
    })
    void lenientFindsThemAllAndOfficialMissesSome(String name, int missed) {
        Path file = Path.of(System.getProperty("dnd.root", "."), "../shared/data", name);
        Assumptions.assumeTrue(
                Files.exists(file), file + " is not there: the official data are not part of the project");
        int official = 0;
        for (BenchmarkItem item : BenchmarkReader.read(file).items()) {
            assertThat(AnswerScorer.lenient().score(item, item.response()).verdict())
                    .as(item.id())
                    .isEqualTo(Verdict.RIGHT);
            official += AnswerScorer.official().score(item, item.response()).isRight() ? 0 : 1;
        }
        assertThat(official).isEqualTo(missed);
    }
}
