package org.dndllm.eval.score;

import static org.assertj.core.api.Assertions.assertThat;

import org.dndllm.eval.benchmark.BenchmarkItem;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The lenient parser of options, and of true and false. */
class ChoiceAnswerTest {
    private final AnswerScorer scorer = AnswerScorer.lenient();

    /** An empty second column: nothing may be taken for an answer. */
    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "[B],B",
                "[b],B",
                "\" [B] \",B",
                "[2],B",
                "B,B",
                "b,B",
                "(B),B",
                "B),B",
                "B.,B",
                "B: a desert,B",
                "**B**,B",
                "\"\"\"B\"\"\",B",
                "B - a desert,B",
                "Option B,B",
                "option (b),B",
                "\"B\nBecause A is wet.\",B",
                "[B] because [A] is wet,B",
                "The answer is B,B",
                "The answer is: (B).,B",
                "the correct answer is [B],B",
                "Answer: B,B",
                "answer = b,B",
                "The correct option is B.,B",
                "The right choice is **B**,B",
                "The answer is option B,B",
                "Final answer: \\boxed{B},B",
                "So it must be \\boxed{\\text{C}},C",
                "\"A is wrong, C is dry, so the answer is D\",D",
                "\"First I thought the answer is A. But the answer is C.\",C",
                "\"I would pick C, since it is flat\",C",
                "a marsh,A",
                "It is the plains.,C",
                "THE PLAINS!,C",
                "A desert,D",
                "A marsh is wet.,A",
                "Most likely a desert,D",
                "(A) or (B),",
                "[A] or [B],",
                "A/B,",
                "a or b,",
                "A or B,",
                "\"A, B and C\",",
                "The answer is A or B,",
                "I do not know,",
                "\"\",",
                "\"\n\",",
                "[E],",
                "[X],",
                "none of them,",
                "A thing that I cannot say,",
                "The answer is unclear,",
                "<think>maybe [A]</think>[B],B",
                "<think>[A],",
                "\"[C]\nQuestion: what?\n[A]\",C",
                "The wrong answer is A,A"
            })
    void choice(String output, String label) {
        BenchmarkItem item = Items.choice("B", "a marsh", "a tundra", "the plains", "a desert");
        Judgement judgement = scorer.score(item, output);
        assertThat(judgement.parsed()).isEqualTo(label == null ? "" : label);
        Verdict expected = label == null ? Verdict.UNPARSEABLE : label.equals("B") ? Verdict.RIGHT : Verdict.WRONG;
        assertThat(judgement.verdict()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "[3],3",
        "[C],3",
        "3,3",
        "3: iron,3",
        "The answer is 3.,3",
        "The answer is C,3",
        "iron,3",
        "a green leaf,2",
        "It takes 3 of 4,",
        "[E],"
    })
    void optionsWithNumbersMayBeAnsweredByLetter(String output, String label) {
        assertThat(scorer.score(Items.numbered("3"), output).parsed()).isEqualTo(label == null ? "" : label);
    }

    @ParameterizedTest
    @CsvSource({"cat in the hat,B", "the cat,A", "cat and the dog,"})
    void aLongerWordingBeatsItsPart(String output, String label) {
        BenchmarkItem item = Items.choice("B", "cat", "cat in the hat", "the dog");
        assertThat(scorer.score(item, output).parsed()).isEqualTo(label == null ? "" : label);
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '"',
            value = {
                "[True],True",
                "True.,True",
                "TRUE,True",
                "yes,True",
                "\"Yes, because\",True",
                "[false],False",
                "no,False",
                "\"No, it is true that\",False",
                "The answer is true,True",
                "The statement is false.,False",
                "It is not true.,False",
                "That is false,False",
                "**False**,False",
                "True or False,",
                "true and false,",
                "I cannot tell,",
                "\"\",",
                "There is no proof,",
                "untrue,",
                "Answer: No,False"
            })
    void truth(String output, String label) {
        Judgement judgement = scorer.score(Items.truth("True"), output);
        assertThat(judgement.parsed()).isEqualTo(label == null ? "" : label);
        assertThat(judgement.isRight()).isEqualTo("True".equals(label));
    }
}
