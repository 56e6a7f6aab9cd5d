package org.dndllm.synth;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class BpeTrainerTest {
    private static final long SEED = 31;

    @Test
    void train_alphabet_isGpt2InPublishedOrder() {
        List<String> tokens = BpeTrainer.train("", 256).tokens();

        assertThat(tokens).hasSize(256).startsWith("!", "\"", "#").endsWith("ŀ", "Ł", "ł", "Ń");
        assertThat(tokens.indexOf("~")).isEqualTo(93);
        assertThat(tokens.indexOf("¡")).isEqualTo(94);
        assertThat(tokens.indexOf("Ā")).isEqualTo(188);
        assertThat(tokens.indexOf("Ġ")).isEqualTo(220);
    }

    @Test
    void train_smallText_mergesMostFrequentFirst() {
        // given: "Ġa" 3 times, "Ġb" 2 times, then "ab" never
        BpeTrainer.Vocabulary learned = BpeTrainer.train("x a a a b b", 300);

        assertThat(learned.merges()).containsExactly("Ġ a", "Ġ b");
        assertThat(learned.tokens()).hasSize(258).endsWith("Ġa", "Ġb");
    }

    @Test
    void train_tie_takesEarlierTokens() {
        assertThat(BpeTrainer.train("cd cd\nab ab\n", 258).merges()).startsWith("a b", "c d");
    }

    @Test
    void train_words_neverCrossPreTokens() {
        BpeTrainer.Vocabulary learned = BpeTrainer.train("a1a1a1a1 it's it's 99 99 <|im_end|> <|im_end|>", 400);

        assertThat(learned.tokens())
                .doesNotContain("a1", "99", "<|im_end|>", "it's")
                .contains("'s", "it", "|>");
    }

    @Test
    void train_oneTokenByTwoMerges_occursOnce() {
        // given: "abc" arises as ab+c and as a+bc
        String text = "abc ".repeat(3) + "abd ".repeat(9) + "zbc ".repeat(7) + "abc\n".repeat(5);

        List<String> tokens = BpeTrainer.train(text, 400).tokens();

        assertThat(new HashSet<>(tokens)).hasSameSizeAs(tokens);
    }

    @Test
    void train_randomTexts_equalsNaiveTraining() {
        Random random = new Random(SEED);
        for (int round = 0; round < 30; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 400; i++) {
                text.append("abcd  é".charAt(random.nextInt(7)));
            }
            String sample = text.toString().replaceAll(" +", " ");
            BpeTrainer.Vocabulary learned = BpeTrainer.train(sample, 300);
            assertThat(learned.merges()).as("seed %d, round %d", SEED, round).isEqualTo(naive(sample, 300));
        }
    }

    @Test
    void train_tooSmall_isRefused() {
        assertThatThrownBy(() -> BpeTrainer.train("a", 255)).isInstanceOf(IllegalArgumentException.class);
    }

    /** Counts all pairs anew for each merge. Words are cut at spaces, which is what the expression does to these texts. */
    private static List<String> naive(String text, int size) {
        List<String> tokens = new ArrayList<>(BpeTrainer.train("", 256).tokens());
        List<List<String>> words = new ArrayList<>();
        for (String word : text.split("(?= )")) {
            words.add(new ArrayList<>());
            for (int symbol : ByteAlphabet.symbols(word)) {
                words.getLast().add(String.valueOf(ByteAlphabet.character(symbol)));
            }
        }
        List<String> merges = new ArrayList<>();
        while (tokens.size() < size) {
            Map<List<String>, Integer> counts = new HashMap<>();
            words.forEach(word -> {
                for (int i = 0; i + 1 < word.size(); i++) {
                    counts.merge(List.of(word.get(i), word.get(i + 1)), 1, Integer::sum);
                }
            });
            List<String> best = List.of();
            for (List<String> pair : counts.keySet()) {
                best = best.isEmpty() || better(pair, best, counts, tokens) ? pair : best;
            }
            if (best.isEmpty() || counts.get(best) < 2) {
                return merges;
            }
            String merged = String.join("", best);
            merges.add(String.join(" ", best));
            if (!tokens.contains(merged)) {
                tokens.add(merged);
            }
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    if (word.get(i).equals(best.get(0)) && word.get(i + 1).equals(best.get(1))) {
                        word.set(i, merged);
                        word.remove(i + 1);
                    }
                }
            }
        }
        return merges;
    }

    private static boolean better(
            List<String> pair, List<String> best, Map<List<String>, Integer> counts, List<String> tokens) {
        int difference = counts.get(pair) - counts.get(best);
        if (difference == 0) {
            difference = tokens.indexOf(best.get(0)) - tokens.indexOf(pair.get(0));
        }
        if (difference == 0) {
            difference = tokens.indexOf(best.get(1)) - tokens.indexOf(pair.get(1));
        }
        return difference > 0;
    }
}
