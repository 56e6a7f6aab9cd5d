package org.dndllm.synth;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.BiFunction;

/**
 * A small text task of the nano set: many questions of one kind with their answers, made from a seed.
 *
 * @param name file name without extension
 * @param train items that prompts may be drawn from
 * @param test items that are only ever scored; no prompt occurs in both lists
 */
public record NanoTask(String name, List<Item> train, List<Item> test) {

    /** One question and its answer, in the fields of the official data format. */
    public record Item(String prompt, String response, String system) {}

    private static final int TRAIN = 96;
    private static final int TEST = 32;

    private static final List<String> NOUNS = List.of(
            "apple",
            "bridge",
            "candle",
            "desert",
            "engine",
            "forest",
            "garden",
            "harbor",
            "island",
            "jacket",
            "kettle",
            "ladder",
            "meadow",
            "needle",
            "orange",
            "pencil",
            "quarry",
            "ribbon",
            "saddle",
            "temple",
            "umbrella",
            "valley",
            "window",
            "yellow",
            "zipper",
            "anchor",
            "basket",
            "carpet",
            "dragon",
            "falcon",
            "guitar",
            "hammer",
            "insect",
            "jungle",
            "kitten",
            "lemon",
            "mirror",
            "napkin",
            "oyster",
            "planet",
            "rabbit",
            "silver",
            "tunnel",
            "violin",
            "walnut",
            "button",
            "copper",
            "donkey");

    /** The embedded tasks, always the same for one seed. */
    public static List<NanoTask> all(long seed) {
        return List.of(
                task("reverse", seed, (random, nouns) -> {
                    String word = pick(random, nouns);
                    String other = pick(random, nouns);
                    return item(
                            "Write the word " + word + " backwards. Leave the word " + other + " alone.",
                            new StringBuilder(word).reverse().toString());
                }),
                task("first-letter", seed, (random, nouns) -> {
                    String word = pick(random, nouns);
                    String other = pick(random, nouns);
                    return item(
                            "Which letter comes first in " + word + ", not in " + other + "?", word.substring(0, 1));
                }),
                task("addition", seed, (random, nouns) -> {
                    int a = 1 + random.nextInt(60);
                    int b = 1 + random.nextInt(39);
                    return item("What is " + a + " plus " + b + "?", Integer.toString(a + b));
                }),
                task("larger", seed, (random, nouns) -> {
                    int a = random.nextInt(100);
                    int b = (a + 1 + random.nextInt(99)) % 100;
                    return item("Which number is larger, " + a + " or " + b + "?", Integer.toString(Math.max(a, b)));
                }),
                task("choice", seed, (random, nouns) -> {
                    String shown = pick(random, nouns);
                    String other = pick(random, nouns);
                    boolean first = random.nextBoolean();
                    return item(
                            "Find the word that begins with " + shown.charAt(0) + " and ends with "
                                    + shown.charAt(shown.length() - 1) + ".\nA: " + (first ? shown : other) + "\nB: "
                                    + (first ? other : shown),
                            first ? "[A]" : "[B]");
                }),
                task("plural", seed, (random, nouns) -> {
                    String word = pick(random, nouns);
                    int count = 2 + random.nextInt(8);
                    return item(
                            "I have " + count + " of them. Say more than one " + word + ".", count + " " + word + "s");
                }));
    }

    private static NanoTask task(String name, long seed, BiFunction<Random, List<String>, Item> maker) {
        Random random = new Random(seed ^ name.hashCode());
        Set<String> seen = new LinkedHashSet<>();
        List<Item> items = new ArrayList<>(TRAIN + TEST);
        while (items.size() < TRAIN + TEST) {
            Item item = maker.apply(random, NOUNS);
            if (seen.add(item.prompt())) {
                items.add(item);
            }
        }
        return new NanoTask(
                name, List.copyOf(items.subList(0, TRAIN)), List.copyOf(items.subList(TRAIN, TRAIN + TEST)));
    }

    private static Item item(String prompt, String response) {
        return new Item(prompt, response, "");
    }

    private static String pick(Random random, List<String> words) {
        return words.get(random.nextInt(words.size()));
    }
}
