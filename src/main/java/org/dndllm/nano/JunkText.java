package org.dndllm.nano;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Prompts that mean nothing, in words that the world does not use: the control for "any adapter would have done". */
final class JunkText {
    private static final List<String> WORDS = List.of(("velvet mortgage drizzle anthem cactus plumage ledger waffle"
                    + " turbine hollow pamphlet gravel sprocket lantern vinegar treaty mosaic tunnel biscuit feather"
                    + " glacier pilgrim sandal thunder wallet zipper bargain chimney dungeon elbow fabric gossip hamper"
                    + " jigsaw kernel locust magnet nostril oatmeal parcel quarrel ransom saddle tendon upholster"
                    + " varnish whisker yodel dangling crooked seldom unless beneath perhaps toward crumble wander"
                    + " stumble borrow whistle dissolve")
            .split(" "));
    private static final int LEAST_WORDS = 5;
    private static final int MOST_WORDS = 12;

    private JunkText() {}

    /** Different prompts of 5 to 12 random words. */
    static List<String> prompts(int count, long seed) {
        Random random = Mixing.random(seed, "junk", 0);
        Set<String> prompts = new LinkedHashSet<>();
        while (prompts.size() < count) {
            int length = LEAST_WORDS + random.nextInt(MOST_WORDS - LEAST_WORDS + 1);
            List<String> words = new ArrayList<>(length);
            for (int i = 0; i < length; i++) {
                words.add(Mixing.pick(random, WORDS));
            }
            prompts.add(String.join(" ", words));
        }
        return List.copyOf(prompts);
    }
}
