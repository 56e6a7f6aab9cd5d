package org.dndllm.eval.score;

import static org.assertj.core.api.Assertions.assertThat;

import org.dndllm.eval.benchmark.AnswerKind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MathEqualityTest {
    /**
     * The first rows are equal under the normalisation of the MATH authors as well (OpenCompass' {@code MATHEvaluator} v1, run
     * with Python 3); the others need more: exact values, units, lists, synonyms.
     */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\\frac{1}{2} | \\frac12",
                "\\frac{1}{2} | \\dfrac{1}{2}",
                "\\frac{1}{72} | \\frac1{72}",
                "\\frac{1}{2} | 0.5",
                "\\frac{3}{4} | 3/4",
                "\\sqrt{3} | \\sqrt3",
                "x=5 | 5",
                "90^\\circ | 90",
                "50\\% | 50",
                "\\$5 | 5",
                "5\\text{ cm} | 5",
                ".5 | 0.5",
                "\\left(1,2\\right) | (1, 2)",
                "10\\!000 | 10000",
                "0.50 | \\frac{1}{2}",
                "1.250 | 1.25",
                "2\\frac{1}{2} | 2.5",
                "-\\frac{1}{4} | -0.25",
                "\\frac{-1}{4} | -\\frac{1}{4}",
                "12,345 | 12345",
                "12{,}345 | 12,\\!345",
                "3\\mbox{ m}^2 | 3",
                "5 cm | 5",
                "12 square feet | 12",
                "7 dollars per hour | 7",
                "25\\,\\text{km} | 25",
                "\\text{(A)} | A",
                "(\\text{E}) | E",
                "\\text{Saturday} | saturday",
                "$x = 5$ | 5",
                "\\(\\frac{2}{4}\\) | \\frac{1}{2}",
                "1, -2 | -2,1",
                "3 \\text{ and } 5 | 5, 3",
                "\\{1,2\\} | \\{2,1\\}",
                "\\{1,2\\} | 1, 2",
                "(0.5, 2] | (\\frac12,2]",
                "(-\\infty,2)\\cup(3,\\infty) | (3, \\infty) \\cup (-\\infty, 2)",
                "(-\u221e, 2) | (-\\infty,2)",
                "x \\in [0,1] | [0,1]",
                "2\\pi | 2\u03c0",
                "2 pi | 2\\pi",
                "sqrt(2) | \\sqrt{2}",
                "\u221a2 | \\sqrt{2}",
                "x^{2}+1 | x^2 + 1",
                "2 \\times 10^5 | 2\\cdot 10^5",
                "2516_{8} | 2516_8",
                "x \\leq 3 | x\\le3",
                "\\begin{bmatrix} 1 \\\\ 2 \\end{bmatrix} | \\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}",
                "f(x)=x+1 | x+1",
                "5. | 5",
                "+5 | 5"
            })
    void equal(String one, String other) {
        assertThat(MathEquality.holds(one, other))
                .as("%s vs %s", MathText.normalize(one), MathText.normalize(other))
                .isTrue();
        assertThat(MathEquality.holds(other, one)).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\\frac{1}{3} | 0.333",
                "\\frac{1}{2} | \\frac{2}{1}",
                "(1,2) | (2,1)",
                "(1,2] | (1,2)",
                "[1,2] | (1,2)",
                "1,2 | 1,2,3",
                "1,1 | 1,2",
                "5x | 5",
                "5 x | 5 y",
                "2\\pi | 2",
                "2 pi | 2",
                "\\sqrt{2} | 2",
                "-5 | 5",
                "x^2 | x^3",
                "12,345 | 12",
                "(1,234) | 1234",
                "A | B",
                "x | X",
                "\\frac{1}{0} | \\frac{2}{0}",
                "12 | 12\\text{ and }13",
                "50\\% | 0.5",
                "y=2x | y=3x"
            })
    void different(String one, String other) {
        assertThat(MathEquality.holds(one, other))
                .as("%s vs %s", MathText.normalize(one), MathText.normalize(other))
                .isFalse();
        assertThat(MathEquality.holds(other, one)).isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "\\boxed{5} | 5",
                "First \\boxed{4}, no, \\boxed{\\frac{5}{2}} | \\frac{5}{2}",
                "\\boxed{x \\in \\{1,2\\}} | x \\in \\{1,2\\}",
                "\\fbox{7} | 7",
                "\\boxed 2$ | 2",
                "\\boxed{1} then \\boxed{\\frac{1 | 1",
                "The final answer is $\\frac{1}{2}$. I hope it is correct. | $\\frac{1}{2}$",
                "Final Answer: The final answer is $\\frac{1}{2}$. I hope it is correct. | $\\frac{1}{2}$",
                "The final answer is $\\$1.17$. I hope it is correct. | $\\$1.17$",
                "The answer is 3.5. Done. | 3.5",
                "The answer is: x=4 | x=4",
                "\"steps\n#### 18\" | 18",
                "42 | 42",
                "\"A long text about the sum of all of it, which we\nfind to be $x^2$ in the end.\" | x^2",
                "\"A long text about the sum of all of it, and so we\nget to 1,234 in the end.\" | 1,234"
            })
    void theAnswerOfASolution(String output, String answer) {
        assertThat(MathAnswer.in(output)).hasValue(answer);
    }

    @Test
    void nothingToFind() {
        assertThat(MathAnswer.in("")).isEmpty();
        assertThat(MathAnswer.in("We can only say that the sum grows without any bound at all."))
                .isEmpty();
        assertThat(AnswerScorer.lenient()
                        .score(Items.of(AnswerKind.MATH, "5"), " ")
                        .verdict())
                .isEqualTo(Verdict.UNPARSEABLE);
    }

    @Test
    void judgesBoxes() {
        AnswerScorer scorer = AnswerScorer.lenient();
        assertThat(scorer.score(Items.of(AnswerKind.MATH, "\\frac{1}{2}"), "so \\boxed{0.5}")
                        .verdict())
                .isEqualTo(Verdict.RIGHT);
        assertThat(scorer.score(Items.of(AnswerKind.MATH, "\\frac{1}{2}"), "so \\boxed{2}")
                        .verdict())
                .isEqualTo(Verdict.WRONG);
    }
}
