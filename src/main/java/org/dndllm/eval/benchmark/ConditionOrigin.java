package org.dndllm.eval.benchmark;

/**
 * Where a condition came from, checked by {@link SplitDiscipline}. Goes into reports beside every score that an adapter made
 * from it reached.
 *
 * @param source file of the condition
 * @param split which part of its set the file is
 * @param overlap how many of its prompts are questions of the scored file; 0 when there was none to compare with
 * @param breach what is wrong with scores of such an adapter, in one sentence; empty when nothing is. Only {@link
 *     Protocol#OFFICIAL} lets a breach pass
 */
public record ConditionOrigin(String source, Split split, int overlap, String breach) {
    /** Whether scores must be marked as not comparable: print {@link #breach()} in red beside them. */
    public boolean isTainted() {
        return !breach.isEmpty();
    }
}
