package org.dndllm.synth;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Learns a byte-level BPE vocabulary from a text: Qwen2's pre-tokeniser cuts it into words, then the adjacent pair that
 * occurs most often is merged, again and again. Ties go to the pair whose left, then right token came first, so the result
 * is the same everywhere. Method: Sennrich et al., arXiv 1508.07909.
 */
final class BpeTrainer {
    /**
     * Learned tokens.
     *
     * @param tokens in the byte alphabet's characters: 256 single bytes, then merged ones in order of learning
     * @param merges "left right" in order of learning; several merges may lead to one token
     */
    record Vocabulary(List<String> tokens, List<String> merges) {}

    /** The published expression of Qwen2's tokenizer.json. */
    private static final Pattern WORDS = Pattern.compile(
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
                    + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
            Pattern.UNICODE_CHARACTER_CLASS);

    /** A pair seen once teaches nothing about the next text. */
    private static final long LEAST_COUNT = 2;

    private static final class Word {
        private int[] symbols;
        private final long count;

        Word(int[] symbols, long count) {
            this.symbols = symbols;
            this.count = count;
        }
    }

    private record Pair(int left, int right) {}

    /** A pair with the count it had when queued; stale when the count has changed since. */
    private record Candidate(Pair pair, long count) {}

    private final List<String> tokens = new ArrayList<>();
    private final Map<String, Integer> idOfToken = new HashMap<>();
    private final List<String> merges = new ArrayList<>();
    private final List<Word> words = new ArrayList<>();
    private final Map<Pair, Long> counts = new HashMap<>();
    private final Map<Pair, Set<Integer>> wordsWith = new HashMap<>();
    private final PriorityQueue<Candidate> queue =
            new PriorityQueue<>(Comparator.comparingLong((Candidate c) -> -c.count())
                    .thenComparingInt(c -> c.pair().left())
                    .thenComparingInt(c -> c.pair().right()));

    private BpeTrainer() {}

    /**
     * Learns up to {@code size} tokens; fewer when no pair occurs twice any more.
     *
     * @param size at least 256
     */
    static Vocabulary train(String text, int size) {
        if (size < ByteAlphabet.SIZE) {
            throw new IllegalArgumentException("a byte-level vocabulary has at least 256 tokens, not " + size);
        }
        BpeTrainer trainer = new BpeTrainer();
        trainer.prepare(text);
        while (trainer.tokens.size() < size && trainer.mergeBest()) {
            // Each round learns one merge.
        }
        return new Vocabulary(List.copyOf(trainer.tokens), List.copyOf(trainer.merges));
    }

    private void prepare(String text) {
        for (int symbol = 0; symbol < ByteAlphabet.SIZE; symbol++) {
            idOf(String.valueOf(ByteAlphabet.character(symbol)));
        }
        Map<String, Long> distinct = new TreeMap<>();
        Matcher matcher = WORDS.matcher(text);
        while (matcher.find()) {
            distinct.merge(matcher.group(), 1L, Long::sum);
        }
        distinct.forEach((word, count) -> {
            words.add(new Word(ByteAlphabet.symbols(word), count));
            countPairs(words.size() - 1, 1);
        });
        counts.forEach((pair, count) -> queue.add(new Candidate(pair, count)));
    }

    private boolean mergeBest() {
        Candidate best = queue.poll();
        while (best != null && counts.getOrDefault(best.pair(), 0L) != best.count()) {
            best = queue.poll();
        }
        if (best == null || best.count() < LEAST_COUNT) {
            return false;
        }
        merge(best.pair());
        return true;
    }

    private void merge(Pair pair) {
        String left = tokens.get(pair.left());
        String right = tokens.get(pair.right());
        merges.add(left + " " + right);
        int merged = idOf(left + right);
        Set<Pair> changed = new HashSet<>();
        for (int index : List.copyOf(wordsWith.getOrDefault(pair, Collections.emptySet()))) {
            changed.addAll(countPairs(index, -1));
            Word word = words.get(index);
            word.symbols = replaced(word.symbols, pair, merged);
            changed.addAll(countPairs(index, 1));
        }
        for (Pair each : changed) {
            long count = counts.getOrDefault(each, 0L);
            if (count >= LEAST_COUNT) {
                queue.add(new Candidate(each, count));
            }
        }
    }

    /** Adds (sign 1) or takes away (sign -1) one word's share of the pair counts. */
    private List<Pair> countPairs(int index, int sign) {
        Word word = words.get(index);
        List<Pair> pairs = new ArrayList<>();
        for (int i = 0; i + 1 < word.symbols.length; i++) {
            Pair pair = new Pair(word.symbols[i], word.symbols[i + 1]);
            pairs.add(pair);
            counts.merge(pair, sign * word.count, Long::sum);
            Set<Integer> holders = wordsWith.computeIfAbsent(pair, p -> new HashSet<>());
            if (sign > 0) {
                holders.add(index);
            } else {
                holders.remove(index);
            }
        }
        return pairs;
    }

    private static int[] replaced(int[] symbols, Pair pair, int merged) {
        int[] shorter = new int[symbols.length];
        int length = 0;
        for (int i = 0; i < symbols.length; i++) {
            boolean matches = i + 1 < symbols.length && symbols[i] == pair.left() && symbols[i + 1] == pair.right();
            shorter[length++] = matches ? merged : symbols[i];
            i += matches ? 1 : 0;
        }
        return Arrays.copyOf(shorter, length);
    }

    /** Two merges can spell the same token ("a"+"bc", "ab"+"c"), which llama.cpp allows once only. */
    private int idOf(String token) {
        return idOfToken.computeIfAbsent(token, t -> {
            tokens.add(t);
            return tokens.size() - 1;
        });
    }
}
