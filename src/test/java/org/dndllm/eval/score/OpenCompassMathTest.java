package org.dndllm.eval.score;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.dndllm.eval.benchmark.AnswerKind;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.format.JsonValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What OpenCompass 0.4.2 made of these answers: src/test/resources/benchmark/README.md says how that was found out. */
class OpenCompassMathTest {
    static List<JsonValue.Obj> cases() throws IOException {
        try (InputStream in = OpenCompassMathTest.class.getResourceAsStream("/benchmark/opencompass-math.json")) {
            return JsonValue.parse(in.readAllBytes(), "opencompass-math.json")
                    .asArray("opencompass-math.json")
                    .objects();
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void judgesAsTheOriginal(JsonValue.Obj each) {
        String output = each.string("output");

        assertThat(OpenCompassMath.prediction(output)).as(output).isEqualTo(each.string("prediction"));
        assertThat(OpenCompassMath.judge(each.string("solution"), output).isRight())
                .as("%s against %s", output, each.string("solution"))
                .isEqualTo(each.bool("right"));
    }

    @Test
    void official_judgesMath() {
        BenchmarkItem item = new BenchmarkItem(
                "m.json: item 1",
                "",
                "question",
                List.of(),
                "5",
                "So it is $\\boxed{5}$.",
                AnswerKind.MATH,
                Optional.empty());

        assertThat(AnswerScorer.official().score(item, "The final answer is $5$. I hope it is correct."))
                .isEqualTo(new Judgement(Verdict.RIGHT, "5"));
        assertThat(AnswerScorer.official()
                        .score(item, "We add 2 and 3. So it is \\boxed{5}.")
                        .verdict())
                .isEqualTo(Verdict.WRONG);
        assertThat(AnswerScorer.official().score(item, " ").verdict()).isEqualTo(Verdict.UNPARSEABLE);
    }

    /** A file with answers alone has no box to look into; the answer is the reference then. */
    @Test
    void answerWithoutSolution_isTheReference() {
        assertThat(AnswerScorer.official()
                        .score(Items.of(AnswerKind.MATH, "\\frac12"), "1/2")
                        .isRight())
                .isTrue();
    }
}
