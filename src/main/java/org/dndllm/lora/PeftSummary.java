package org.dndllm.lora;

import java.util.List;
import java.util.Optional;

/**
 * What {@link PeftAdapter#summary} found in a folder.
 *
 * @param groups modules of one rank and alpha each, at least one group
 */
public record PeftSummary(List<Group> groups) {
    /** Copies the list. */
    public PeftSummary {
        groups = List.copyOf(groups);
    }

    /**
     * Modules that share rank and alpha.
     *
     * @param rank r
     * @param alpha such that the scale is alpha / rank, whatever the file's own rule
     * @param modules with a pair of A [r, in] and B [out, r] each
     */
    public record Group(int rank, float alpha, List<ModuleName> modules) {
        /** Copies the list. */
        public Group {
            modules = List.copyOf(modules);
        }
    }

    /** The only group, where all modules have one rank and alpha. */
    public Optional<Group> uniform() {
        return groups.size() == 1 ? Optional.of(groups.getFirst()) : Optional.empty();
    }

    /** Pairs of all groups. */
    public int pairs() {
        return groups.stream().mapToInt(group -> group.modules().size()).sum();
    }
}
