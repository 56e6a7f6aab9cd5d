package org.dndllm.eval.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.dndllm.engine.PromptReader;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The official files as published, where they are at hand. Expected counts: Python 3's json module and Counter. */
class OfficialFilesTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "commonsense/ARC-c_test.json | TEST | 1172 | {1=3, 2=10, 3=7, 4=2, A=263, B=301, C=303, D=283} | {3=4, 4=1165, 5=3}",
                "commonsense/ARC-c_train.json | TRAIN | 1119 | {1=6, 2=3, 3=4, 4=10, A=233, B=293, C=287, D=283} | {3=1, 4=1117, 5=1}",
                "commonsense/ARC-e_train.json | TRAIN | 2251 | {1=25, 2=22, 3=33, 4=22, A=523, B=566, C=545, D=513, E=2} | {3=6, 4=2241, 5=4}",
                "commonsense/OBQA_test.json | TEST | 500 | {A=138, B=126, C=132, D=104} | {4=500}",
                "commonsense/OBQA_train.json | TRAIN | 4957 | {A=1378, B=1212, C=1146, D=1221} | {4=4957}",
                "commonsense/PIQA_test.json | TEST | 3084 | {A=3084} | {2=3084}"
            })
    void choiceFiles(String name, Split split, int items, String golds, String options) {
        BenchmarkSet set = read(name).requireLabels();
        assertThat(set.kind()).isEqualTo(AnswerKind.CHOICE);
        assertThat(set.split()).isEqualTo(split);
        assertThat(set.items()).hasSize(items).allMatch(item -> item.gold() >= 0);
        assertThat(set.items())
                .allMatch(item -> item.response().equals(item.options().get(item.gold())));
        assertThat(set.items())
                .allMatch(item -> item.choices().stream()
                        .noneMatch(choice -> choice.text().isBlank()));
        Map<String, Long> byAnswer = set.items().stream()
                .collect(Collectors.groupingBy(BenchmarkItem::answer, TreeMap::new, Collectors.counting()));
        Map<Integer, Long> byOptions = set.items().stream()
                .collect(Collectors.groupingBy(item -> item.choices().size(), TreeMap::new, Collectors.counting()));
        assertThat(byAnswer).hasToString(golds);
        assertThat(byOptions).hasToString(options);
    }

    /** Its test labels are hidden; the official file has a placeholder in their place. */
    @Test
    void piqaSaysAlwaysA() {
        assertThat(read("commonsense/PIQA_test.json").warnings())
                .singleElement()
                .asString()
                .startsWith("every right answer is A");
    }

    @Test
    void gsm8k() {
        BenchmarkSet set = read("generation/GSM8K.json").requireLabels();
        assertThat(set.kind()).isEqualTo(AnswerKind.NUMBER);
        assertThat(set.items()).hasSize(1319).allMatch(item -> item.answer().matches("-?[\\d,]+"));
        assertThat(set.items().getFirst().answer()).isEqualTo("18");
    }

    @Test
    void humanEval() {
        BenchmarkSet set = read("generation/Human_Eval.json");
        assertThat(set.kind()).isEqualTo(AnswerKind.CODE);
        assertThat(set.items()).hasSize(164).noneMatch(BenchmarkItem::isLabelled);
        assertThat(set.warnings()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"ARC-c_train,ARC-c_test", "ARC-e_train,ARC-c_test", "OBQA_train,OBQA_test"})
    void trainingFilesHoldNoTestQuestion(String train, String test) {
        BenchmarkSet scored = read("commonsense/" + test + ".json");
        ConditionOrigin origin = SplitDiscipline.check(
                PromptReader.read(path("commonsense/" + train + ".json")),
                Optional.empty(),
                Optional.of(scored),
                Protocol.SEPARATE);
        assertThat(origin.overlap()).isZero();
        int all = SplitDiscipline.check(
                        PromptReader.read(path("commonsense/" + test + ".json")),
                        Optional.empty(),
                        Optional.of(scored),
                        Protocol.OFFICIAL)
                .overlap();
        assertThat(all).isEqualTo(scored.items().size());
    }

    private static BenchmarkSet read(String name) {
        return BenchmarkReader.read(path(name));
    }

    private static Path path(String name) {
        Path file = Path.of(System.getProperty("dnd.root", "."), "../shared/data", name);
        Assumptions.assumeTrue(
                Files.exists(file), file + " is not there: the official data are not part of the project");
        return file;
    }
}
