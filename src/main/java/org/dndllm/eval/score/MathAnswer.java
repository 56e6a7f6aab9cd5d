package org.dndllm.eval.score;

import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.dndllm.eval.benchmark.Boxed;

/**
 * Finds the final answer of a worked solution: in the last box; behind {@code ####} or the last "answer is"; a text of one
 * short line as it is; in the last {@code $...$}; else the last number.
 */
final class MathAnswer {
    private static final int SHORT = 40;
    /** The rest of the line is looked at, not consumed: "Final Answer: The final answer is" says it twice. */
    private static final Pattern PHRASE =
            Pattern.compile("(?i)(?:\\banswer\\s*(?:\\w+\\s+){0,2}?(?:is|:|=)|####)\\s*:?\\s*(?=(\\S[^\\n]*))");

    private static final Pattern SENTENCE_END = Pattern.compile("\\.(?=\\s|$)|(?<=\\$)\\.?(?=\\s+[A-Za-z])");
    private static final Pattern INLINE =
            Pattern.compile("(?s)(?<!\\\\)\\$((?:\\\\.|[^$\\\\])+)\\$|\\\\\\((.+?)\\\\\\)");
    private static final Pattern NUMBER = Pattern.compile("-?\\d[\\d,]*(?:\\.\\d+)?(?:/\\d+)?");

    private MathAnswer() {}

    static Optional<String> in(String text) {
        return Boxed.last(text)
                .or(() -> last(PHRASE, text).map(MathAnswer::withoutRest))
                .or(() -> oneLine(text))
                .or(() -> last(INLINE, text))
                .or(() -> last(NUMBER, text))
                .map(String::strip)
                .filter(answer -> !answer.isEmpty());
    }

    private static Optional<String> oneLine(String text) {
        String line = text.strip();
        return line.length() <= SHORT && line.indexOf('\n') < 0 && !line.isEmpty()
                ? Optional.of(line)
                : Optional.empty();
    }

    private static String withoutRest(String line) {
        Matcher formula = INLINE.matcher(line);
        if (formula.lookingAt()) {
            return formula.group();
        }
        return SENTENCE_END.split(line, 2)[0];
    }

    private static Optional<String> last(Pattern pattern, String text) {
        return pattern.matcher(text).results().reduce((one, other) -> other).map(MathAnswer::content);
    }

    private static String content(MatchResult match) {
        for (int group = 1; group <= match.groupCount(); group++) {
            if (match.group(group) != null) {
                return match.group(group);
            }
        }
        return match.group();
    }
}
