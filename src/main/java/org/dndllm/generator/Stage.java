package org.dndllm.generator;

import java.util.List;

/**
 * Shape of the data between two layers of the decoder; the first stage is the condition, the last the weight tokens.
 *
 * @param n prompts, later tokens (N ... T)
 * @param l positions of a prompt, later rows of a token (L ... R)
 * @param c channels, later columns of a token (C ... W)
 */
public record Stage(int n, int l, int c) {
    public Stage {
        if (n < 1 || l < 1 || c < 1) {
            throw new IllegalArgumentException(
                    "stage (" + n + ", " + l + ", " + c + "): every extent must be at least 1");
        }
    }

    /** Number of values. */
    public long elements() {
        return (long) n * l * c;
    }

    /** A copy of the stages of a generator, which are at least two. */
    static List<Stage> path(List<Stage> stages) {
        if (stages.size() < 2) {
            throw new IllegalArgumentException("a generator needs at least two stages, got " + stages.size());
        }
        return List.copyOf(stages);
    }

    /** {@code [[n, l, c], ...]}. */
    static List<List<Integer>> toJson(List<Stage> stages) {
        return stages.stream().map(s -> List.of(s.n(), s.l(), s.c())).toList();
    }
}
