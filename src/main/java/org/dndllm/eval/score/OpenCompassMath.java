package org.dndllm.eval.score;

import java.util.Locale;
import java.util.Optional;

/**
 * MATH as the official evaluation judges it: OpenCompass 0.4.2 with {@code math_gen_1ed9c2} (install.sh and
 * benchmark/opencompass/run.sh of jerryliang24/Drag-and-Drop-LLMs), which is {@code math_postprocess} and {@code MATHEvaluator}
 * v1 of its opencompass/datasets/math.py. Its prompt shows four solved problems and asks for "The final answer is $x$."; an
 * answer in another form is read wrongly:
 *
 * <ul>
 *   <li>A full stop ends a sentence, also inside a number: of "The final answer is $0.5$" it sees {@code $0}, and 0 is wrong.
 *   <li>Only the first sentence with the words "final answer" counts, else the first sentence of all. A box further on is
 *       never seen, and is no help in the sentence "Final Answer: see above".
 *   <li>Of the reference counts what is in the last {@code \boxed{}}; {@code \fbox{7}} and {@code \boxed 7} are no reference,
 *       and nothing equals them.
 * </ul>
 */
final class OpenCompassMath {
    private static final String SENTENCE = "\\.";
    private static final String PHRASE = "final answer";
    private static final String BOXED = "\\boxed{";

    private OpenCompassMath() {}

    /**
     * Judges one answer.
     *
     * @param solution worked solution with the reference in a box, or the reference alone
     */
    static Judgement judge(String solution, String output) {
        String said = prediction(output);
        boolean right =
                reference(solution).filter(reference -> same(said, reference)).isPresent();
        return said.isEmpty() && !right ? Judgement.unparseable() : Judgement.of(right, said);
    }

    static String prediction(String output) {
        String[] sentences = output.split(SENTENCE, -1);
        for (String sentence : sentences) {
            if (sentence.toLowerCase(Locale.ROOT).contains(PHRASE)) {
                return OpenCompassText.normalized(sentence);
            }
        }
        return OpenCompassText.normalized(sentences[0]);
    }

    /** What the box of a solution holds. A solution without any box is taken for the reference itself. */
    static Optional<String> reference(String solution) {
        int start = solution.lastIndexOf("\\boxed");
        if (start < 0) {
            return solution.contains("\\fbox") ? Optional.empty() : Optional.of(solution);
        }
        int depth = 0;
        for (int at = start; at < solution.length(); at++) {
            char c = solution.charAt(at);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (c == '}' && depth == 0) {
                return solution.startsWith(BOXED, start)
                        ? Optional.of(solution.substring(start + BOXED.length(), at))
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }

    /** Equal in one of three forms, or as written. */
    private static boolean same(String said, String reference) {
        Optional<String> one = OpenCompassStrip.stripped(said);
        Optional<String> other = OpenCompassStrip.stripped(reference);
        if (one.isPresent() && other.isPresent()) {
            if (one.equals(other) || normalized(one.get(), other.get())) {
                return true;
            }
        }
        return normalized(said, reference) || said.equals(reference);
    }

    private static boolean normalized(String one, String other) {
        return OpenCompassText.normalized(one).equals(OpenCompassText.normalized(other));
    }
}
