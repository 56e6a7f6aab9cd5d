package org.dndllm.engine;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.dndllm.InvalidInputException;
import org.dndllm.format.Sha256;

/**
 * The unlabelled prompts of one task, in file order; never empty, no prompt blank. Immutable, thread-safe.
 *
 * <p>Only prompt text is kept: responses in the file are dropped on reading, so that a condition cannot depend on a
 * label (arXiv 2506.16406 Table 4a: prompts alone are the better condition).
 *
 * @param source the file the prompts came from, or a name in angle brackets
 * @param prompts at least one prompt
 */
public record PromptSet(String source, List<String> prompts) {
    private static final int HASH_DIGITS = 16;

    public PromptSet {
        prompts = List.copyOf(prompts);
        if (prompts.isEmpty()) {
            throw new InvalidInputException(
                    source, "prompts", "no prompt found; give at least one, better as many as the generator reads");
        }
        for (int i = 0; i < prompts.size(); i++) {
            check(source, i, prompts.get(i));
        }
    }

    /** Prompts given by a program. */
    public static PromptSet of(String... prompts) {
        return new PromptSet("<memory>", List.of(prompts));
    }

    /** How many prompts there are. */
    public int size() {
        return prompts.size();
    }

    /**
     * Draws {@code count} prompts as the official code does for every generation: at random, without replacement. Where
     * the set is smaller than {@code count}, whole shuffled rounds follow one another, so that every prompt is used
     * equally often (give or take one); {@link Draw#repeats()} tells.
     *
     * @param count how many prompts the generator reads (N)
     * @param seed the same seed gives the same draw on every machine
     */
    public Draw draw(int count, long seed) {
        if (count < 1) {
            throw new IllegalArgumentException("count must be at least 1, is " + count);
        }
        Random random = new Random(seed);
        int[] order = new int[size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        int[] indices = new int[count];
        for (int filled = 0; filled < count; filled++) {
            int at = filled % order.length; // one Fisher-Yates step; a new round reshuffles the same array
            int other = at + random.nextInt(order.length - at);
            int index = order[other];
            order[other] = order[at];
            order[at] = index;
            indices[filled] = index;
        }
        return new Draw(this, indices, seed);
    }

    /** SHA-256 over the prompts in order (each as UTF-8 with its length in front), in hex: the identity of a condition. */
    public String sha256() {
        MessageDigest digest = sha256Digest();
        for (String prompt : prompts) {
            byte[] utf8 = prompt.getBytes(StandardCharsets.UTF_8);
            digest.update((utf8.length + ":").getBytes(StandardCharsets.US_ASCII));
            digest.update(utf8);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /**
     * By which a prompt is known again without its text: the first 16 hex digits of the SHA-256 of its UTF-8, after
     * trimming. Chance makes two of a million prompts alike once in 37 million sets.
     */
    public static String hash(String prompt) {
        return Sha256.of(prompt.strip().getBytes(StandardCharsets.UTF_8)).substring(0, HASH_DIGITS);
    }

    private static MessageDigest sha256Digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    private static void check(String source, int index, String prompt) {
        if (prompt.isBlank()) {
            throw new InvalidInputException(
                    source, "prompt " + (index + 1), "is blank; remove it or write the prompt there");
        }
        for (int i = 0; i < prompt.length(); i++) {
            char c = prompt.charAt(i);
            if (Character.isSurrogate(c)) {
                boolean paired = Character.isHighSurrogate(c)
                        && i + 1 < prompt.length()
                        && Character.isLowSurrogate(prompt.charAt(i + 1));
                if (!paired) {
                    throw new InvalidInputException(
                            source,
                            "prompt " + (index + 1),
                            "character " + (i + 1) + " is half of a surrogate pair; the text was cut or mis-encoded");
                }
                i++;
            }
        }
    }
}
