package org.dndllm.engine;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The prompts of one generation, and how they were chosen.
 *
 * @param from the set they were drawn from
 * @param indices positions in {@code from}, in drawing order; the order matters to the {@code paper} generator family
 * @param seed the seed that gives this draw again
 */
public record Draw(PromptSet from, int[] indices, long seed) {

    public Draw {
        indices = indices.clone();
    }

    @Override
    public int[] indices() {
        return indices.clone();
    }

    /** The drawn texts, in drawing order. */
    public List<String> prompts() {
        return Arrays.stream(indices).mapToObj(from.prompts()::get).toList();
    }

    /** Whether the set was smaller than the draw, so that prompts occur more than once. */
    public boolean repeats() {
        return indices.length > from.size();
    }

    /** {@link PromptSet#hash} of every drawn prompt, each once. */
    public Set<String> hashes() {
        return prompts().stream().map(PromptSet::hash).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Draw draw
                && draw.seed == seed
                && draw.from.equals(from)
                && Arrays.equals(draw.indices, indices);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(indices) + from.hashCode();
    }

    @Override
    public String toString() {
        return "Draw[" + indices.length + " of " + from.size() + " prompts of " + from.source() + ", seed " + seed
                + "]";
    }
}
