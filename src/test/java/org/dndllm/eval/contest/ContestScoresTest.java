package org.dndllm.eval.contest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.Estimate;
import org.dndllm.eval.benchmark.AnswerKind;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.benchmark.BenchmarkSet;
import org.dndllm.eval.benchmark.Choice;
import org.dndllm.eval.benchmark.ConditionOrigin;
import org.dndllm.eval.benchmark.Split;
import org.dndllm.eval.score.Judgement;
import org.dndllm.eval.score.Verdict;
import org.junit.jupiter.api.Test;

class ContestScoresTest {
    private static final Judgement RIGHT = new Judgement(Verdict.RIGHT, "A");
    private static final Judgement WRONG = new Judgement(Verdict.WRONG, "B");
    private static final Judgement UNREAD = new Judgement(Verdict.UNPARSEABLE, "");

    @Test
    void columnScore_countsUnreadAsWrong_andBeside() {
        ColumnScore score = new ColumnScore(ScoreColumn.GREEDY, List.of(RIGHT, WRONG, UNREAD, UNREAD));

        assertThat(score.right()).isEqualTo(1);
        assertThat(score.unread()).isEqualTo(2);
        assertThat(score.accuracy().value()).isEqualTo(0.25);
    }

    @Test
    void minus_sameItemsBetter_intervalAboveZero_otherItemsBetter_aroundIt() {
        ColumnScore base = of(100, i -> i < 40);
        // 20 more right and none lost, against 20 more right for 20 lost: the same two accuracies apart from that
        Estimate gained = of(100, i -> i < 60).minus(base);
        Estimate moved = of(100, i -> i >= 20 && i < 60).minus(base);

        assertThat(gained.value()).isCloseTo(0.2, within(1e-12));
        assertThat(gained.low()).isPositive();
        assertThat(moved.value()).isCloseTo(0, within(1e-12));
        assertThat(moved.low()).isNegative();
        assertThat(moved.high()).isPositive();
    }

    private static ColumnScore of(int items, java.util.function.IntPredicate right) {
        return new ColumnScore(
                ScoreColumn.LIKELIHOOD,
                IntStream.range(0, items)
                        .mapToObj(i -> right.test(i) ? RIGHT : WRONG)
                        .toList());
    }

    @Test
    void chance_mixedNumbersOfOptions_isTheMeanOfTheirShares() {
        assertThat(ItemSample.draw(set(AnswerKind.CHOICE, 2, 4, 5), 0, 1).chance())
                .isCloseTo((0.5 + 0.25 + 0.2) / 3, within(1e-12));
        assertThat(ItemSample.draw(set(AnswerKind.NUMBER, 0, 0), 0, 1).chance()).isZero();
    }

    @Test
    void draw_seeded_withoutReplacement_inTheFilesOrder() {
        BenchmarkSet set =
                set(AnswerKind.CHOICE, IntStream.range(0, 50).map(i -> 4).toArray());

        ItemSample one = ItemSample.draw(set, 20, 7);

        assertThat(one.items())
                .hasSize(20)
                .doesNotHaveDuplicates()
                .isEqualTo(ItemSample.draw(set, 20, 7).items());
        assertThat(one.items().stream().mapToInt(set.items()::indexOf).toArray())
                .isSorted();
        assertThat(ItemSample.draw(set, 20, 8).items()).isNotEqualTo(one.items());
        assertThat(ItemSample.draw(set, 99, 7).items()).isEqualTo(set.items());
    }

    @Test
    void columns_thatCannotJudgeTheKind_areLeftOut_orRefusedWhenNoneIsLeft() {
        ContestOptions all = options(EnumSet.allOf(ScoreColumn.class));

        assertThat(all.columns(set(AnswerKind.NUMBER, 0))).containsExactly(ScoreColumn.GREEDY, ScoreColumn.OFFICIAL);
        assertThat(all.columns(set(AnswerKind.MATH, 0))).containsExactly(ScoreColumn.GREEDY, ScoreColumn.OFFICIAL);
        assertThat(all.columns(set(AnswerKind.TEXT, 0))).containsExactly(ScoreColumn.GREEDY);
        assertThat(all.columns(set(AnswerKind.BOOLEAN, 2))).hasSize(5);
        assertThatThrownBy(() -> all.columns(set(AnswerKind.CODE, 0)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("set.json", "code", "running");
        assertThatThrownBy(() -> options(Set.of(ScoreColumn.LIKELIHOOD)).columns(set(AnswerKind.NUMBER, 0)))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("number", "greedy");
    }

    @Test
    void report_taintedAdapter_isMarkedInTableAndSentence() {
        ConditionOrigin origin = new ConditionOrigin("set_test.json", Split.TEST, 9, "set_test.json is a test split");
        ColumnScore score = of(10, i -> i < 5);
        ContenderScore base = new ContenderScore("base", List.of(score), List.of(), Optional.empty(), List.of(), 1);
        ContenderScore tainted = new ContenderScore(
                "made", List.of(score), List.of(), Optional.of(origin), List.of("changes nothing"), 1);
        ItemSample sample = ItemSample.draw(
                set(AnswerKind.CHOICE, IntStream.range(0, 10).map(i -> 4).toArray()), 0, 1);
        SetScore set = new SetScore(sample, List.of(ScoreColumn.LIKELIHOOD), List.of(base, tainted));

        assertThat(ContestReport.heading(set)).contains("chance 25.0 %", "10 of 10");
        assertThat(ContestReport.breaches(set))
                .containsExactly("made is NOT COMPARABLE: set_test.json is a test split");
        assertThat(ContestReport.notes(set)).contains("made changes nothing");
        assertThat(ContestReport.table(set).lines()).hasSize(4);
        assertThat(ContestReport.table(set).lines().get(3)).contains("minus base", "+0.0", "NOT COMPARABLE");
    }

    @Test
    void mixedSet_likelihoodsJudgeTheItemsWithOptions_theOthersAll() {
        BenchmarkItem choice = item(1, 4, AnswerKind.CHOICE);
        BenchmarkItem number = item(2, 0, AnswerKind.MATH);
        BenchmarkSet set = new BenchmarkSet(
                "set", "set.json", Split.TEST, AnswerKind.MATH, List.of(number, choice, number), List.of());
        ItemSample all = ItemSample.draw(set, 0, 1);
        ItemSample numbers = new ItemSample(set, List.of(number));
        ContestOptions options = options(Set.of(ScoreColumn.LIKELIHOOD, ScoreColumn.GREEDY));

        assertThat(options.columns(all)).containsExactly(ScoreColumn.LIKELIHOOD, ScoreColumn.GREEDY);
        assertThat(options.columns(numbers)).containsExactly(ScoreColumn.GREEDY);
        assertThatThrownBy(() -> options(Set.of(ScoreColumn.LIKELIHOOD)).columns(numbers))
                .hasMessageContainingAll("set.json", "math", "add the scorer greedy");
        assertThat(all.judgedBy(ScoreColumn.LIKELIHOOD)).containsExactly(choice);
        assertThat(all.judgedBy(ScoreColumn.GREEDY)).hasSize(3);
        assertThat(all.chance()).isEqualTo(0.25);

        ContenderScore base = new ContenderScore(
                "base",
                List.of(
                        new ColumnScore(ScoreColumn.LIKELIHOOD, List.of(RIGHT)),
                        new ColumnScore(ScoreColumn.GREEDY, List.of(RIGHT, WRONG, UNREAD))),
                List.of("x", "[B]", ""),
                Optional.empty(),
                List.of(),
                1);
        SetScore score = new SetScore(all, options.columns(all), List.of(base));
        assertThat(ContestReport.heading(score)).contains("kind math, chance 25.0 % on the 1 with options");
        assertThat(ContestReport.notes(score)).contains("likelihoods compare options, which 1 of the 3 items have");
        assertThat(score.toJson().toString()).contains("likelihood={items=1, right=1", "greedy={items=3, right=1");
    }

    private static ContestOptions options(Set<ScoreColumn> columns) {
        return new ContestOptions(columns, AnswerForm.LABEL, 0, 4);
    }

    private static BenchmarkSet set(AnswerKind kind, int... options) {
        List<BenchmarkItem> items = IntStream.range(0, options.length)
                .mapToObj(i -> item(i + 1, options[i], kind))
                .toList();
        return new BenchmarkSet("set", "set.json", Split.TEST, kind, items, List.of());
    }

    private static BenchmarkItem item(int number, int options, AnswerKind kind) {
        return new BenchmarkItem(
                "set.json: item " + number,
                "",
                "question " + number,
                IntStream.range(0, options)
                        .mapToObj(o -> new Choice(String.valueOf((char) ('A' + o)), "text " + o))
                        .toList(),
                "A",
                "[A]",
                kind,
                Optional.empty());
    }
}
