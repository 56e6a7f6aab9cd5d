package org.dndllm.eval.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.benchmark.AnswerKind;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Verdicts of the tables: what {@code calculate_acc.py} (Drag-and-Drop-LLMs at 60e2192) and {@code gsm8k.py} (OpenCompass at
 * a5acc4bb), run with Python 3, printed for these answers. 3552 random answers agreed as well.
 */
class OfficialScorerTest {
    private final OfficialScorer scorer = new OfficialScorer();

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "A,[A],RIGHT",
                "A,[B],WRONG",
                "A,[1],RIGHT",
                "A,[3],WRONG",
                "A,\" [A]\",RIGHT",
                "A,\" [3]\",WRONG",
                "A,SAD,RIGHT",
                "A,[[A]],WRONG",
                "A,\"\n[B\",WRONG",
                "A,(C),WRONG",
                "A,[Answer: A],RIGHT",
                "A,\uD83D\uDE00A,RIGHT",
                "A,\u00e9[A],RIGHT",
                "A,]3[C],WRONG",
                "A,A,UNPARSEABLE",
                "A,A: because,UNPARSEABLE",
                "A,\"\",UNPARSEABLE",
                "A,The answer is [A],UNPARSEABLE",
                "A,[a],UNPARSEABLE",
                "A,**A**,UNPARSEABLE",
                "A,1,UNPARSEABLE",
                "3,[3],WRONG",
                "3,[C],WRONG",
                "3,\" [3]\",RIGHT",
                "E,[E],UNPARSEABLE",
                "E,\" [E]\",RIGHT"
            })
    void choiceIsTheSecondCharacter(String label, String output, Verdict verdict) {
        assertThat(scorer.score(Items.of(AnswerKind.CHOICE, label), output).verdict())
                .isEqualTo(verdict);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "True,RIGHT",
                "true,RIGHT",
                "False,WRONG",
                "[True],RIGHT",
                "[False],WRONG",
                "True.,UNPARSEABLE",
                "TRUE,UNPARSEABLE",
                "No,UNPARSEABLE",
                "\"The answer is true, not False\",RIGHT",
                "\"answers: True\nFalse\",RIGHT",
                "It is True but false,RIGHT",
                "Options: false,WRONG",
                "ns: [False],WRONG",
                "xxxxxxxxxxxxxxxxxTrue,UNPARSEABLE",
                "\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00\uD83D\uDE00 True,UNPARSEABLE"
            })
    void truthIsAWordOfTheFirstTwentyCharacters(String output, Verdict verdict) {
        assertThat(scorer.score(Items.truth("True"), output).verdict()).isEqualTo(verdict);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "18,so 18 it is,RIGHT",
                "18,18.0,RIGHT",
                "18,18.0000001,RIGHT",
                "18,18.1,WRONG",
                "5,10-5,WRONG",
                "-5,10-5,RIGHT",
                "\"1,200\",\"1,200\",WRONG",
                "\"1,200\",1200,RIGHT",
                "7,\"7\nQuestion: 8?\",RIGHT",
                "7,none,UNPARSEABLE"
            })
    void numberIsTheLast(String label, String output, Verdict verdict) {
        assertThat(scorer.score(Items.of(AnswerKind.NUMBER, label), output).verdict())
                .isEqualTo(verdict);
    }

    @ParameterizedTest
    @ValueSource(strings = {"B", "B: pop it.", "The answer is [B].", "**B**", "pop it"})
    void isStricterThanLenient(String output) {
        BenchmarkItem item = Items.choice("B", "hit it", "pop it");
        assertThat(scorer.score(item, output).isRight()).isFalse();
        assertThat(AnswerScorer.lenient().score(item, output).isRight()).isTrue();
    }

    @Test
    void refusesOtherKindsAndUnlabelledItems() {
        for (AnswerKind kind : List.of(AnswerKind.CODE, AnswerKind.TEXT)) {
            assertThatThrownBy(() -> scorer.score(Items.of(kind, "x"), "x"))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("set.json: item 1: kind: is " + kind.label());
        }
        assertThatThrownBy(() -> scorer.score(Items.of(AnswerKind.CHOICE, ""), "[A]"))
                .hasMessageContaining("set.json: item 1: answer: is absent");
    }
}
