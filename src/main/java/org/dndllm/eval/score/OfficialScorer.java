package org.dndllm.eval.score;

import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.benchmark.AnswerKind;
import org.dndllm.eval.benchmark.BenchmarkItem;

/**
 * The official scorer ({@code prepare/scripts/calculate_acc.py} of jerryliang24/Drag-and-Drop-LLMs at 60e2192), with all it
 * gets wrong, to show how much of a score is format:
 *
 * <ul>
 *   <li>It looks at the first 20 characters only.
 *   <li>Multiple choice: the second character decides, whatever stands around it. A to D count as they are and 1 to 4 as A to
 *       D; a {@code [} there (" [B]") takes what the first pair of brackets holds. {@code "B: ..."} and {@code "B"} are
 *       wrong, {@code "SAD"} answers A.
 *   <li>The label's second character is not mapped: an item whose options are 1 to 4 can't be answered rightly, except in
 *       the form {@code " [3]"}; neither can one labelled E, except as {@code " [E]"}.
 *   <li>BoolQ: what follows the last {@code "ns: "}, up to the line's end. Up to five characters must be exactly True, true,
 *       False or false ({@code "True."} is none); in more, the first of True, False, false, true that occurs counts.
 * </ul>
 *
 * What it does not count as "valid" is {@link Verdict#UNPARSEABLE}. GSM8K was scored by OpenCompass ({@code
 * gsm8k_gen_1d7fe4}): the last number before the next {@code Question:}, equal within 1e-6; a comma ends a number, so "1,200"
 * reads 200, and "10-5" reads -5. MATH was scored by it too: {@link OpenCompassMath}. Programs and other texts are not judged.
 */
public final class OfficialScorer implements AnswerScorer {
    private static final int LOOKED_AT = 20; // characters as Python counts them: code points
    private static final String LETTERS = "ABCD";
    private static final List<String> TRUTHS = List.of("True", "False", "false", "true"); // the order decides
    private static final Pattern BRACKETS =
            Pattern.compile("(?d)\\[(.*?)\\]"); // (?d): as Python, a line ends at \\n only

    private static final Pattern NUMBER = Pattern.compile("-?\\d+\\.\\d+|-?\\d+");
    private static final Pattern INTEGER = Pattern.compile("\\s*[-+]?\\d+\\s*");

    @Override
    public String name() {
        return "official";
    }

    @Override
    public Judgement score(BenchmarkItem item, String output) {
        if (item.kind() == AnswerKind.NUMBER) {
            AnswerScorer.requireLabel(item);
            return number(item.answer(), output);
        }
        if (item.kind() == AnswerKind.MATH) {
            AnswerScorer.requireLabel(item);
            return OpenCompassMath.judge(item.response(), output);
        }
        if (item.kind() != AnswerKind.CHOICE && item.kind() != AnswerKind.BOOLEAN) {
            throw new InvalidInputException(
                    item.id(),
                    "kind",
                    "is " + item.kind().label()
                            + "; the official scorer judges choice, boolean, number and math only. Use lenient");
        }
        AnswerScorer.requireLabel(item);
        int end = output.offsetByCodePoints(0, Math.min(LOOKED_AT, output.codePointCount(0, output.length())));
        String head = output.substring(0, end);
        return item.kind() == AnswerKind.BOOLEAN ? truth(item.answer(), head) : choice(item.answer(), head);
    }

    private static Judgement choice(String label, String head) {
        int[] characters = head.codePoints().toArray();
        if (characters.length < 2) {
            return Judgement.unparseable();
        }
        String second = Character.toString(characters[1]);
        String said;
        if (LETTERS.contains(second)) {
            said = second;
        } else if ("1234".contains(second)) {
            said = LETTERS.substring("1234".indexOf(second), "1234".indexOf(second) + 1);
        } else if (second.equals("[")) {
            Matcher brackets = BRACKETS.matcher(head);
            said = brackets.find() ? brackets.group(1) : "";
        } else {
            return Judgement.unparseable();
        }
        return Judgement.of(said.equals(label.substring(0, 1)), said);
    }

    private static Judgement truth(String label, String head) {
        String[] parts = head.split("ns: ", -1);
        String said = parts[parts.length - 1].split("\n", -1)[0];
        if (said.codePointCount(0, said.length()) > 5) {
            String line = said;
            said = TRUTHS.stream().filter(line::contains).findFirst().orElse("");
        }
        return TRUTHS.contains(said) ? Judgement.of(said.equalsIgnoreCase(label), said) : Judgement.unparseable();
    }

    private static Judgement number(String label, String output) {
        String gold = label.replace(",", "");
        String said = NUMBER.matcher(output.split("Question:", 2)[0])
                .results()
                .map(MatchResult::group)
                .reduce((one, other) -> other)
                .orElse("");
        if (said.isEmpty()) {
            return Judgement.unparseable();
        }
        boolean close =
                INTEGER.matcher(gold).matches() && Math.abs(Double.parseDouble(said) - Double.parseDouble(gold)) < 1e-6;
        return Judgement.of(said.equals(gold) || close, said);
    }
}
