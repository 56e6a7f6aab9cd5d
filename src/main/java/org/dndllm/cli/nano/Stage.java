package org.dndllm.cli.nano;

import java.io.IOException;
import java.util.List;
import java.util.Map;

/**
 * A step of the build.
 *
 * @param name also of its folder
 * @param needs names of the stages whose products it reads
 * @param settings everything else that decides its product; a change makes old products invalid
 * @param work makes the product
 */
public record Stage(String name, List<String> needs, Map<String, ?> settings, Work work) {
    public Stage {
        needs = List.copyOf(needs);
    }

    /** What a stage does. */
    @FunctionalInterface
    public interface Work {
        /**
         * Makes the product in the stage's folder, or what is missing of it: an earlier call may have been killed at any
         * moment.
         *
         * @return numbers for {@code done.json}
         */
        Map<String, ?> run(Workplace workplace) throws IOException;
    }
}
