package org.dndllm.nano;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The world's text read back from its strings alone, without the code that made it. */
final class WorldText {
    private static final Pattern LETTERS = Pattern.compile(" : ([a-z](?: [a-z])+)$");
    /** Qwen2's pre-tokeniser on ASCII text without contractions. */
    private static final Pattern PIECES = Pattern.compile(" ?[a-zA-Z]+|[0-9]| ?[^\\sa-zA-Z0-9]+|\\n+|\\s+");

    private WorldText() {}

    /** The letters after the colon in alphabetical order, or "" where there are none. */
    static String letterSet(String prompt) {
        return sorted(letters(prompt));
    }

    /** The letters after the colon in the order shown, or "". */
    static String letters(String prompt) {
        Matcher matcher = LETTERS.matcher(prompt);
        return matcher.find() ? matcher.group(1).replace(" ", "") : "";
    }

    static String sorted(String letters) {
        return Arrays.stream(letters.split("")).sorted().collect(Collectors.joining());
    }

    /** The right answer from the task's name. */
    static String answer(String task, String letters) {
        String[] rule = task.split("-");
        String sorted = sorted(letters);
        int n = letters.length();
        char letter = switch (rule[0]) {
            case "first" -> letters.charAt(0);
            case "second" -> letters.charAt(1);
            case "third" -> letters.charAt(2);
            case "fourth" -> letters.charAt(3);
            case "fifth" -> letters.charAt(4);
            case "last" -> letters.charAt(n - 1);
            case "smallest" -> sorted.charAt(0);
            case "largest" -> sorted.charAt(n - 1);
            default -> throw new AssertionError(task);
        };
        return switch (rule[1]) {
            case "same" -> "" + letter;
            case "next" -> "" + (letter == 'z' ? 'a' : (char) (letter + 1));
            case "previous" -> "" + (letter == 'a' ? 'z' : (char) (letter - 1));
            case "upper" -> ("" + letter).toUpperCase(java.util.Locale.ROOT);
            case "doubled" -> letter + " " + letter;
            case "word" ->
                Lexicon.LETTER_WORDS.stream()
                        .filter(word -> word.charAt(0) == letter)
                        .findFirst()
                        .orElseThrow();
            default -> throw new AssertionError(task);
        };
    }

    /** Group index of every word of these groups. */
    static Map<String, Integer> groupOf(List<Lexicon.Group> groups) {
        Map<String, Integer> index = new TreeMap<>();
        for (int i = 0; i < groups.size(); i++) {
            for (String word : groups.get(i).words()) {
                index.put(word, i);
            }
        }
        return index;
    }

    /** Tokens of an ASCII text under BPE merges, in the byte alphabet: the plain textbook loop. */
    static List<String> bpe(String text, Map<String, Integer> ranks) {
        List<String> tokens = new ArrayList<>();
        Matcher pieces = PIECES.matcher(text);
        while (pieces.find()) {
            String piece = pieces.group().replace(' ', 'Ġ').replace('\n', 'Ċ');
            List<String> symbols = new ArrayList<>(List.of(piece.split("")));
            while (true) {
                int best = -1;
                for (int i = 0; i + 1 < symbols.size(); i++) {
                    if (rank(symbols, i, ranks) < (best < 0 ? Integer.MAX_VALUE : rank(symbols, best, ranks))) {
                        best = i;
                    }
                }
                if (best < 0) {
                    break;
                }
                symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
            }
            tokens.addAll(symbols);
        }
        return tokens;
    }

    private static int rank(List<String> symbols, int at, Map<String, Integer> ranks) {
        return ranks.getOrDefault(symbols.get(at) + " " + symbols.get(at + 1), Integer.MAX_VALUE);
    }
}
