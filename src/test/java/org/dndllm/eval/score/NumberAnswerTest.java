package org.dndllm.eval.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.dndllm.InvalidInputException;
import org.dndllm.eval.benchmark.AnswerKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumberAnswerTest {
    private final AnswerScorer scorer = AnswerScorer.lenient();

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "\"9 * 2 = $<<9*2=18>>18 every day.\n#### 18\",18",
                "\"#### $18\",18",
                "\"#### 1,200\",1200",
                "#### -3,-3",
                "#### 18 eggs in 2 days,18",
                "\"The total is $1,450,000.\",1450000",
                "18.00,18",
                "it is 18.,18",
                "so 3.50 dollars,7/2",
                ".5,1/2",
                "10-5 = 5,5",
                "10-5,5",
                "10 - 5,5",
                "the change is -5,-5",
                "it fell to -$5,-5",
                "$-5,-5",
                "down to -5 a day,-5",
                "(8)-5,5",
                "\u22125,-5",
                "50%,50",
                "1/2 of it,1/2",
                "\\boxed{18},18",
                "\\boxed{\\frac{1}{2}},1/2",
                "\"\\boxed{1,200} of 3\",1200",
                "\\boxed{\\$18},18",
                "\"The answer is 18, since 20 - 2 = 18 and not 20\",18",
                "\"Answer: 18 apples, 3 each\",18",
                "\"The answer is:\n18\",18",
                "\"The answer is 4.\nNo: the answer is 5.\",5",
                "2 cats and 3 dogs,3",
                "\"12,3\",3",
                "no number,",
                "\"\",",
                "#### none but 7,7",
                "\"18\nQuestion: 5?\nAnswer: 6\",18",
                "5km,5",
                "x2 is 7,7",
                "$18.50 each,37/2",
                "18:30,30",
                "0.1,1/10",
                "007,7"
            })
    void theNumberOfASolution(String output, String value) {
        assertThat(scorer.score(Items.of(AnswerKind.NUMBER, "18"), output).parsed())
                .isEqualTo(value == null ? "" : value);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {"\"2,125\",2125", "$18,18.0", "50%,50", "0.5,1/2", "-3,-3.00"})
    void goldsAreNormalisedToo(String gold, String output) {
        assertThat(scorer.score(Items.of(AnswerKind.NUMBER, gold), output).verdict())
                .isEqualTo(Verdict.RIGHT);
    }

    @Test
    void nearIsNotEqualAndLengthIsBounded() {
        assertThat(scorer.score(Items.of(AnswerKind.NUMBER, "1/3"), "0.333").verdict())
                .isEqualTo(Verdict.WRONG);
        assertThat(scorer.score(Items.of(AnswerKind.NUMBER, "1"), "9".repeat(100_000))
                        .isRight())
                .isFalse();
    }

    @Test
    void aGoldThatIsNoNumberIsRefused() {
        assertThatThrownBy(() -> scorer.score(Items.of(AnswerKind.NUMBER, "many"), "1"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("set.json: item 1: answer: is 'many', expected a number");
    }
}
