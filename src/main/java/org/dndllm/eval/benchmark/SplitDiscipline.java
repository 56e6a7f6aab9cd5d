package org.dndllm.eval.benchmark;

import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.PromptSet;

/**
 * Keeps scored questions out of conditions. A command that makes an adapter from a prompt file and scores it, or that makes
 * one from a file of a known set, calls {@link #check} with the prompts as read, before any draw:
 *
 * <pre>{@code
 * ConditionOrigin origin = SplitDiscipline.check(prompts, declaredSplit, Optional.of(scoredSet),
 *         officialProtocol ? Protocol.OFFICIAL : Protocol.SEPARATE);
 * if (origin.isTainted()) { // only with --official-protocol
 *     output.red(origin.breach());
 * }
 * }</pre>
 */
public final class SplitDiscipline {
    private SplitDiscipline() {}

    /**
     * Checks a condition file against its own name and against the file that is scored.
     *
     * @param condition the prompts that conditions are drawn from; {@link PromptSet#source()} is their file
     * @param declared the file's split where the user names it
     * @param scored the questions that an adapter made from them will answer; empty when nothing is scored
     * @throws InvalidInputException under {@link Protocol#SEPARATE} if the file is a test split, or holds a question of the
     *     scored file; under both if {@code declared} contradicts an official name
     */
    public static ConditionOrigin check(
            PromptSet condition, Optional<Split> declared, Optional<BenchmarkSet> scored, Protocol protocol) {
        String source = condition.source();
        Split split = OfficialNames.split(source, declared);
        int overlap = scored.map(set -> overlap(condition, set)).orElse(0);
        String breach = "";
        if (split == Split.TEST) {
            breach = "is a test split: an adapter made from it has seen what it is scored on";
        } else if (overlap > 0) {
            breach = "holds " + overlap + " of the questions of "
                    + scored.orElseThrow().source() + ": an adapter made from it has seen what it is scored on";
        }
        if (!breach.isEmpty() && protocol == Protocol.SEPARATE) {
            throw new InvalidInputException(
                    source,
                    split == Split.TEST ? "split" : "prompts",
                    breach + ". Give the training split"
                            + (split == Split.TEST ? "" : " without them")
                            + ", or choose the official protocol to reproduce that evaluation, which draws its"
                            + " conditions from the test file");
        }
        return new ConditionOrigin(source, split, overlap, breach.isEmpty() ? "" : source + " " + breach);
    }

    /**
     * The condition without the questions that the scored file asks. Some official training files hold a few (ARC-e 2, BoolQ
     * 1): this keeps the rest of them of use.
     *
     * @throws InvalidInputException if nothing is left
     */
    public static PromptSet withoutScored(PromptSet condition, BenchmarkSet scored) {
        return new PromptSet(condition.source(), kept(condition, asked(scored)));
    }

    private static int overlap(PromptSet condition, BenchmarkSet scored) {
        return condition.size() - kept(condition, asked(scored)).size();
    }

    private static List<String> kept(PromptSet condition, Set<String> asked) {
        return condition.prompts().stream()
                .filter(prompt -> !asked.contains(QuestionKey.of(prompt)))
                .toList();
    }

    /** Questions of the scored file, with their options and without. */
    private static Set<String> asked(BenchmarkSet scored) {
        Set<String> asked = new HashSet<>();
        for (BenchmarkItem item : scored.items()) {
            asked.add(QuestionKey.of(item.prompt()));
            asked.add(QuestionKey.stem(item.prompt()));
        }
        return asked;
    }
}
