package org.dndllm.train.collect;

import java.util.LinkedHashMap;
import java.util.Map;

/** How many checkpoints of a task come about, and how. */
public sealed interface Recipe {

    /** What the recipe is, for provenance. */
    Map<String, Object> toJson();

    /**
     * Ours: runs that differ in the order of their data and in dropout, from one initial A. The results are solutions of
     * their own, yet comparable number by number.
     *
     * @param count runs
     * @param first seed of the first; the others follow
     */
    record IndependentSeeds(int count, long first) implements Recipe {
        public IndependentSeeds {
            if (count < 1) {
                throw new IllegalArgumentException("count " + count);
            }
        }

        @Override
        public Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("recipe", "seeds");
            return json;
        }
    }

    /**
     * The official one: a single run, and after a first phase a snapshot every few steps.
     *
     * @param count snapshots
     * @param every steps between them
     * @param seed of the run
     */
    record DenseSnapshots(int count, int every, long seed) implements Recipe {
        public DenseSnapshots {
            if (count < 1 || every < 1) {
                throw new IllegalArgumentException("count " + count + ", every " + every);
            }
        }

        /** Steps of the second phase. */
        public long tail() {
            return (long) count * every;
        }

        @Override
        public Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("recipe", "official");
            json.put("snapshots", count);
            json.put("every", every);
            return json;
        }
    }
}
