package org.dndllm.synth;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A small WordPiece vocabulary from a text: special tokens, every character alone and as continuation, then the most
 * frequent words and word ends. Nothing in the text it was made from becomes [UNK] unless a word is longer than BERT allows.
 * The same text gives the same vocabulary on every machine.
 */
public final class WordPieceVocabulary {
    private static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
    private static final int MIN_PIECE = 2;

    private WordPieceVocabulary() {}

    /**
     * Tokens in id order.
     *
     * @param size upper bound; exceeded only when the characters alone need more
     */
    public static List<String> of(List<String> corpus, int size) {
        Map<String, Integer> words = words(corpus);
        Set<String> tokens = new LinkedHashSet<>(SPECIAL);
        tokens.addAll(characters(words.keySet()));
        for (String piece : byFrequency(pieces(words))) {
            if (tokens.size() >= size) {
                break;
            }
            tokens.add(piece);
        }
        return new ArrayList<>(tokens);
    }

    /** Words and single punctuation marks with their counts, cleaned as BERT's uncased tokenizer does. */
    private static Map<String, Integer> words(List<String> corpus) {
        Map<String, Integer> counts = new TreeMap<>();
        for (String text : corpus) {
            String plain = Normalizer.normalize(text.toLowerCase(Locale.ROOT), Normalizer.Form.NFD)
                    .replaceAll("\\p{Mn}+", "");
            for (String word : plain.split("[^\\p{L}\\p{N}]+", -1)) {
                if (!word.isEmpty()) {
                    counts.merge(word, 1, Integer::sum);
                }
            }
            plain.codePoints()
                    .filter(point -> !Character.isLetterOrDigit(point))
                    .filter(point -> !Character.isWhitespace(point) && !Character.isISOControl(point))
                    .forEach(point -> counts.merge(Character.toString(point), 1, Integer::sum));
        }
        return counts;
    }

    /** Every character at the start of a word and inside one. */
    private static List<String> characters(Set<String> words) {
        Set<String> starts = new TreeSet<>();
        Set<String> continuations = new TreeSet<>();
        for (String word : words) {
            word.codePoints().forEach(point -> {
                starts.add(Character.toString(point));
                if (Character.isLetterOrDigit(point)) {
                    continuations.add("##" + Character.toString(point));
                }
            });
        }
        List<String> all = new ArrayList<>(starts);
        all.addAll(continuations);
        return all;
    }

    /** Whole words, their beginnings and their ends, weighted by how often and how much of a text they cover. */
    private static Map<String, Long> pieces(Map<String, Integer> words) {
        Map<String, Long> weights = new TreeMap<>();
        words.forEach((word, count) -> {
            int length = word.length();
            weights.merge(word, (long) count * length, Long::sum);
            for (int cut = MIN_PIECE; cut <= length - MIN_PIECE; cut++) {
                if (Character.isLowSurrogate(word.charAt(cut))) {
                    continue;
                }
                // A part saves less than the word it comes from.
                weights.merge(word.substring(0, cut), (long) count * cut / 4, Long::sum);
                weights.merge("##" + word.substring(cut), (long) count * (length - cut) / 2, Long::sum);
            }
        });
        return weights;
    }

    private static List<String> byFrequency(Map<String, Long> weights) {
        return weights.entrySet().stream()
                .sorted(Comparator.comparingLong((Map.Entry<String, Long> entry) -> -entry.getValue())
                        .thenComparing(Map.Entry::getKey))
                .map(Map.Entry::getKey)
                .toList();
    }
}
