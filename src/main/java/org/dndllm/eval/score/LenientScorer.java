package org.dndllm.eval.score;

import java.util.Optional;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.benchmark.AnswerKind;
import org.dndllm.eval.benchmark.BenchmarkItem;

/**
 * Looks for the answer in every usual form, so that a right answer is right whatever its wording; what stays ambiguous is
 * {@link Verdict#UNPARSEABLE}. Text between {@code <think>} and {@code </think>} is not an answer, and what follows a model's
 * own next {@code Question:} isn't either.
 */
public final class LenientScorer implements AnswerScorer {
    private static final Pattern THOUGHT = Pattern.compile("(?s)<think>.*?(</think>|$)");
    private static final Pattern NEXT_QUESTION = Pattern.compile("\\n\\s*(Question|Q|Problem):");

    @Override
    public String name() {
        return "lenient";
    }

    @Override
    public Judgement score(BenchmarkItem item, String output) {
        if (item.kind() == AnswerKind.CODE) {
            throw new InvalidInputException(
                    item.id(), "kind", "is code, which is judged by running it, not by its text");
        }
        AnswerScorer.requireLabel(item);
        String text = answerPart(output);
        return switch (item.kind()) {
            case CHOICE -> labelled(item, ChoiceAnswer.in(text, item.choices()));
            case BOOLEAN -> labelled(item, TruthAnswer.in(text));
            case NUMBER -> number(item, text);
            case MATH -> math(item, text);
            default -> Judgement.of(text.strip().equals(item.answer().strip()), text.strip());
        };
    }

    private static String answerPart(String output) {
        String text = THOUGHT.matcher(output).replaceAll("");
        return NEXT_QUESTION.split(text, 2)[0];
    }

    private static Judgement labelled(BenchmarkItem item, Optional<String> label) {
        return label.map(said -> Judgement.of(said.equals(item.answer()), said)).orElseGet(Judgement::unparseable);
    }

    private static Judgement number(BenchmarkItem item, String text) {
        Rational gold = NumberAnswer.first(item.answer())
                .or(() -> Rational.parse(MathText.normalize(item.answer())))
                .orElseThrow(() -> new InvalidInputException(
                        item.id(), "answer", "is '" + item.answer() + "', expected a number; mend the file"));
        return NumberAnswer.in(text)
                .map(said -> Judgement.of(said.equals(gold), said.toString()))
                .orElseGet(Judgement::unparseable);
    }

    private static Judgement math(BenchmarkItem item, String text) {
        return MathAnswer.in(text)
                .map(said -> Judgement.of(MathEquality.holds(said, item.answer()), said))
                .orElseGet(Judgement::unparseable);
    }
}
