package org.dndllm.nano;

import java.util.LinkedHashMap;
import java.util.Map;
import org.dndllm.InvalidInputException;

/**
 * Every constant of the nano world. Immutable.
 *
 * @param seed decides all draws, but not which letter lists belong to which split: those are the same for every seed
 * @param listLength letters in a list, 6 to 12
 * @param cueNoise probability that a task prompt's noun comes from another topic than the task's; likewise, independently,
 *     for its adverb
 * @param nounsPerTopic nouns in use of each topic, 2 to 8
 * @param adverbsPerManner adverbs in use of each manner, 2 to 8
 * @param trainItems items of a task in its training split
 * @param validationItems items of a task in its validation split
 * @param testItems items of a task in its test split
 * @param trainShare share of all lists that may occur in training splits and in pretraining text
 * @param validationShare share of all lists that may occur in validation splits; the rest belongs to test splits
 * @param instructionShare share of base model documents that name the rule
 * @param cueShare share of base model documents with one cue sentence; the rest are conversations
 * @param turns turns of a conversation
 * @param bpeTokens most tokens of the base model's vocabulary
 * @param wordPieces most tokens of the encoder's vocabulary
 */
public record WorldSpec(
        long seed,
        int listLength,
        double cueNoise,
        int nounsPerTopic,
        int adverbsPerManner,
        int trainItems,
        int validationItems,
        int testItems,
        double trainShare,
        double validationShare,
        double instructionShare,
        double cueShare,
        int turns,
        int bpeTokens,
        int wordPieces) {

    /** @throws InvalidInputException when a constant is out of its range */
    public WorldSpec {
        within("listLength", listLength, 6, 12);
        within("cueNoise", cueNoise, 0, 1);
        within("nounsPerTopic", nounsPerTopic, 2, Lexicon.WORDS_PER_GROUP);
        within("adverbsPerManner", adverbsPerManner, 2, Lexicon.WORDS_PER_GROUP);
        within("trainItems", trainItems, 1, 5000);
        within("validationItems", validationItems, 1, 1000);
        within("testItems", testItems, 1, 2000);
        within("trainShare", trainShare, 0.1, 0.9);
        within("validationShare", validationShare, 0.05, 0.95 - trainShare);
        within("instructionShare", instructionShare, 0, 1);
        within("cueShare", cueShare, 0, 1 - instructionShare);
        within("turns", turns, 1, 16);
        within("bpeTokens", bpeTokens, 512, 4096);
        within("wordPieces", wordPieces, 512, 4096);
    }

    /** The world of the shipped nano set. */
    public static WorldSpec standard() {
        return new WorldSpec(2506_16406L, 6, 0.5, 8, 8, 384, 64, 200, 0.6, 0.15, 0.45, 0.35, 4, 1024, 512);
    }

    /** This world drawn anew. */
    public WorldSpec withSeed(long other) {
        return new WorldSpec(
                other,
                listLength,
                cueNoise,
                nounsPerTopic,
                adverbsPerManner,
                trainItems,
                validationItems,
                testItems,
                trainShare,
                validationShare,
                instructionShare,
                cueShare,
                turns,
                bpeTokens,
                wordPieces);
    }

    /** This world with other cue noise; at 0 a single prompt tells its task. */
    public WorldSpec withCueNoise(double noise) {
        return new WorldSpec(
                seed,
                listLength,
                noise,
                nounsPerTopic,
                adverbsPerManner,
                trainItems,
                validationItems,
                testItems,
                trainShare,
                validationShare,
                instructionShare,
                cueShare,
                turns,
                bpeTokens,
                wordPieces);
    }

    /** Number of items of a task in a split. */
    int items(Split split) {
        return switch (split) {
            case TRAIN -> trainItems;
            case VALIDATION -> validationItems;
            case TEST -> testItems;
        };
    }

    /** The constants but the seed by name, as {@code world.json} holds them. */
    public Map<String, Object> json() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("listLength", listLength);
        json.put("cueNoise", cueNoise);
        json.put("nounsPerTopic", nounsPerTopic);
        json.put("adverbsPerManner", adverbsPerManner);
        json.put("trainItems", trainItems);
        json.put("validationItems", validationItems);
        json.put("testItems", testItems);
        json.put("trainShare", trainShare);
        json.put("validationShare", validationShare);
        json.put("instructionShare", instructionShare);
        json.put("cueShare", cueShare);
        json.put("turns", turns);
        json.put("bpeTokens", bpeTokens);
        json.put("wordPieces", wordPieces);
        return json;
    }

    private static void within(String field, double value, double low, double high) {
        // Shares are sums of decimal fractions, so their bounds are met only up to rounding.
        if (!(value >= low - 1e-9 && value <= high + 1e-9)) {
            throw new InvalidInputException(
                    "<world>", field, "is " + value + ", expected " + low + " to " + high + "; change the spec");
        }
    }
}
