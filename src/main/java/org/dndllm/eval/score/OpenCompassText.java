package org.dndllm.eval.score;

import java.util.List;
import java.util.regex.Pattern;

/**
 * {@code normalize_final_answer} of OpenCompass's MATH ({@link OpenCompassMath}), which is that of the Minerva paper (arXiv
 * 2206.14858, appendix D.1) with changes. It knows no words: {@code a }, {@code ft}, {@code cm} and the like go wherever they
 * stand, so that "left" is "le", and "frac" without its backslash becomes "f\frac".
 */
final class OpenCompassText {
    /** What, and by what it is replaced, in this order. */
    private static final List<List<String>> REPLACED = List.of(
            List.of("an ", ""),
            List.of("a ", ""),
            List.of(".$", "$"),
            List.of("\\$", ""),
            List.of("\\ ", ""),
            List.of(" ", ""),
            List.of("mbox", "text"),
            List.of(",\\text{and}", ","),
            List.of("\\text{and}", ","),
            List.of("\\text{m}", "\\text{}"),
            List.of("\\le", "<"));

    /** Goes, in this order. */
    private static final List<String> REMOVED = List.of(
            ("square ways integers dollars mph inches ft hours km units \\ldots sue points feet minutes digits cents degrees"
                            + " cm gm pounds meters meals edges students childrentickets multiples \\text{s} \\text{.}"
                            + " \\text{\ns} \\text{}^2 \\text{}^3 \\text{\n} \\text{} \\mathrm{th} ^\\circ ^{\\circ} \\; ,\\!"
                            + " {,} \" \\dots \n \r \f")
                    .split(" "));

    // (?d): as in Python, a dot stands for anything but \n
    private static final List<Pattern> WRAPPED = List.of(
            Pattern.compile("(?d)\\\\text\\{\\((.*?)\\)\\}"),
            Pattern.compile("(?d)\\\\text\\{(.*?)\\}"),
            Pattern.compile("(?d)\\\\textbf\\{(.*?)\\}"),
            Pattern.compile("(?d)\\\\overline\\{(.*?)\\}"),
            Pattern.compile("(?d)\\\\boxed\\{(.*)\\}"));

    private static final List<Pattern> FOUND = List.of(
            Pattern.compile("(?d)finalansweris(.*)"),
            Pattern.compile("(?d)answer?is:?(.*)"),
            Pattern.compile("(?d)oxed\\{(.*?)\\}"),
            Pattern.compile("(?d)\\$(.*?)\\$"));

    private static final Pattern FRACTION = Pattern.compile("(?d)frac([^{])(.)");
    private static final Pattern ROOT = Pattern.compile("sqrt([^{])");

    private OpenCompassText() {}

    static String normalized(String answer) {
        String text = answer;
        for (List<String> pair : REPLACED) {
            text = text.replace(pair.getFirst(), pair.getLast());
        }
        for (String expression : REMOVED) {
            text = text.replace(expression, "");
        }
        for (Pattern wrapped : WRAPPED) {
            text = wrapped.matcher(text).replaceAll("$1");
        }
        for (Pattern found : FOUND) {
            String before = text;
            text = found.matcher(text)
                    .results()
                    .reduce((one, other) -> other)
                    .map(match -> match.group(1))
                    .orElse(before);
        }
        return shorthand(PythonText.strip(text));
    }

    private static String shorthand(String answer) {
        String text = answer;
        if (text.contains("rac") && !text.contains("\\frac")) {
            text = text.replace("rac", "\\frac");
        }
        text = FRACTION.matcher(text).replaceAll("frac{$1}{$2}");
        text = ROOT.matcher(text).replaceAll("sqrt{$1}").replace("$", "");
        String digits = text.replace(",", "");
        return PythonText.isDigits(digits) ? digits : text;
    }
}
