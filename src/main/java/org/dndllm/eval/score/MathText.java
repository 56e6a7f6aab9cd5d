package org.dndllm.eval.score;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Brings the final answer of a MATH problem into one form: layout commands, units, currency, percent and degree signs go,
 * shorthand arguments get their braces, synonyms one name. Purely textual: nothing is computed or rearranged. Goes further
 * than the normalisation of the MATH authors (hendrycks/math), which it contains.
 */
final class MathText {
    private static final Map<String, String> WORDS = Map.ofEntries(
            Map.entry("dfrac", "frac"),
            Map.entry("tfrac", "frac"),
            Map.entry("cfrac", "frac"),
            Map.entry("leq", "le"),
            Map.entry("leqslant", "le"),
            Map.entry("geq", "ge"),
            Map.entry("geqslant", "ge"),
            Map.entry("neq", "ne"),
            Map.entry("times", "cdot"),
            Map.entry("lbrace", "{"),
            Map.entry("rbrace", "}"),
            Map.entry("mbox", "text"),
            Map.entry("textbf", "text"),
            Map.entry("textit", "text"),
            Map.entry("textrm", "text"),
            Map.entry("mathrm", "text"),
            Map.entry("operatorname", "text"));

    /** Commands that only change the look. */
    private static final Set<String> LAYOUT = Set.of(
            "left",
            "right",
            "big",
            "Big",
            "bigg",
            "Bigg",
            "bigl",
            "bigr",
            "Bigl",
            "Bigr",
            "displaystyle",
            "textstyle",
            "quad",
            "qquad",
            "limits",
            "degree",
            "circ",
            "nolimits");

    private static final Map<String, String> SIGNS = Map.ofEntries(
            Map.entry("\u2212", "-"),
            Map.entry("\u2013", "-"),
            Map.entry("\u03c0", "\\pi "),
            Map.entry("\u221e", "\\infty "),
            Map.entry("\u222a", "\\cup "),
            Map.entry("\u2264", "\\le "),
            Map.entry("\u2265", "\\ge "),
            Map.entry("\u2260", "\\ne "),
            Map.entry("\u00b1", "\\pm "),
            Map.entry("\u00d7", "\\cdot "),
            Map.entry("\u00b7", "\\cdot "),
            Map.entry("\u00b2", "^2"),
            Map.entry("\u00b3", "^3"),
            Map.entry("\u00b0", ""),
            Map.entry("\u00a0", " "));

    /** Names of values and functions, which stand behind a number without being its unit. */
    private static final Set<String> NOT_UNITS =
            Set.of("pi", "sqrt", "sin", "cos", "tan", "cot", "sec", "csc", "log", "ln", "exp", "and", "or", "mod");

    private static final Pattern COMMAND = Pattern.compile("\\\\([A-Za-z]+)");
    private static final Pattern TEXT = Pattern.compile("\\\\text\\s*\\{([^{}]*)\\}(\\^\\{?[23]\\}?)?");
    private static final Pattern UNIT =
            Pattern.compile("^([-+]?[\\d.,/]*\\d)\\s+([A-Za-z]{2,}(?:[\\s/.-]+[A-Za-z]+)*)\\.?(?:\\^\\{?[23]\\}?)?$");
    private static final Pattern THOUSANDS = Pattern.compile("[-+]?\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?");
    private static final Pattern NAMED = Pattern.compile(
            "^(?:[A-Za-z]{1,2}|\\\\[a-z]+|[A-Za-z]\\([a-z]\\)|[A-Za-z]_\\{?\\w\\}?)(?:=|\\\\in(?![a-z]))(?=.)");
    private static final Pattern BARE_FRACTION = Pattern.compile("[-+]?\\d+/\\d+");
    private static final List<String> SPACES = List.of(",\\!", "\\!", "\\,", "\\;", "\\:", "\\ ", "~");

    private MathText() {}

    static String normalize(String answer) {
        String text = answer.strip().replace(",\\!", "").replace("{,}", "");
        for (String space : SPACES) {
            text = text.replace(space, " ");
        }
        for (Map.Entry<String, String> sign : SIGNS.entrySet()) {
            text = text.replace(sign.getKey(), sign.getValue());
        }
        text = withoutMarks(commands(text));
        text = units(texts(text).strip());
        text = shorthand(text.replaceAll("\\s+(?![A-Za-z])", "").replaceAll("(?<!\\\\[A-Za-z]{1,12})\\s+", ""));
        return edges(text);
    }

    private static String commands(String text) {
        // degrees first: ^\circ would leave its caret behind
        String plain = text.replaceAll("\\^\\s*\\{?\\s*\\\\(?:circ|degree)\\s*\\}?", "");
        return COMMAND.matcher(plain).replaceAll(match -> {
            String name = match.group(1);
            if (LAYOUT.contains(name)) {
                return "";
            }
            return Matcher.quoteReplacement("\\" + WORDS.getOrDefault(name, name));
        });
    }

    /** Math delimiters, currency, percent. */
    private static String withoutMarks(String text) {
        return text.replaceAll("\\\\[()\\[\\]](?!\\d*pt)", "").replaceAll("\\\\?[$%]", "");
    }

    /** Words: a unit behind a value goes, "and" and "or" are commas, other words stand for themselves. */
    private static String texts(String text) {
        Matcher matcher = TEXT.matcher(text);
        StringBuilder plain = new StringBuilder();
        while (matcher.find()) {
            String words = matcher.group(1).strip();
            String before = text.substring(0, matcher.start()).stripTrailing();
            String replacement;
            if (words.equals("and") || words.equals("or")) {
                replacement = before.endsWith(",") ? "" : ",";
            } else if (before.matches("(?s).*[\\d})\\]]")
                    && !words.isEmpty()
                    && words.matches("[A-Za-z\\s.,/^0-9-]*")) {
                replacement = "";
            } else {
                replacement = words + (matcher.group(2) == null ? "" : matcher.group(2));
            }
            matcher.appendReplacement(plain, Matcher.quoteReplacement(replacement));
        }
        return matcher.appendTail(plain).toString();
    }

    private static String units(String text) {
        Matcher unit = UNIT.matcher(text);
        if (unit.matches() && !NOT_UNITS.contains(unit.group(2).split("[^A-Za-z]")[0])) {
            return unit.group(1);
        }
        return text;
    }

    private static String shorthand(String text) {
        return text.replaceAll("(?<![\\\\A-Za-z])sqrt\\(([^()]*)\\)", "\\\\sqrt{$1}")
                .replaceAll("\u221a\\(([^()]*)\\)", "\\\\sqrt{$1}")
                .replaceAll("\u221a(\\w+)", "\\\\sqrt{$1}")
                .replaceAll("(?<![\\\\A-Za-z])(pi|infty)(?![A-Za-z])", "\\\\$1")
                .replaceAll("(?<![\\\\A-Za-z])(?:infinity|inf)(?![A-Za-z])", "\\\\infty")
                .replaceAll("\\\\sqrt\\s*(\\w)", "\\\\sqrt{$1}")
                .replaceAll("\\\\frac\\s*(\\w)\\s*(\\w)", "\\\\frac{$1}{$2}")
                .replaceAll("\\\\frac\\s*(\\w)\\s*\\{", "\\\\frac{$1}{")
                .replaceAll("(\\\\frac\\{[^{}]*\\})\\s*(\\w)", "$1{$2}")
                .replaceAll("([\\^_])\\{(\\w)\\}", "$1$2")
                .replaceAll("(begin|end)\\{[bvB]?matrix\\}", "$1{pmatrix}")
                .replaceAll("(?<![\\d.])\\.(?=\\d)", "0.");
    }

    /** What surrounds or precedes the value itself. */
    private static String edges(String text) {
        String value = text.replaceAll("[.,;:]+$", "");
        Matcher named = NAMED.matcher(value);
        if (named.find() && value.indexOf('=', named.end()) < 0) {
            value = value.substring(named.end());
        }
        if (THOUSANDS.matcher(value).matches()) {
            value = value.replace(",", "");
        }
        if (BARE_FRACTION.matcher(value).matches()) {
            value = value.replaceAll("^([-+]?)(\\d+)/(\\d+)$", "$1\\\\frac{$2}{$3}");
        }
        if (value.matches("\\([A-Za-z]\\)")) {
            return value.substring(1, 2); // the letter of an option
        }
        return value.startsWith("+") ? value.substring(1) : value;
    }
}
