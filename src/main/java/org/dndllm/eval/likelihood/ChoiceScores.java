package org.dndllm.eval.likelihood;

import java.util.List;
import java.util.OptionalInt;
import java.util.function.ToDoubleFunction;

/**
 * The scores of a question's options, in its order.
 *
 * @param options at least one
 */
public record ChoiceScores(List<OptionScore> options) {
    public ChoiceScores {
        options = List.copyOf(options);
    }

    /** Whether every score is a number; it is not when the logits of the model were not. */
    public boolean areFinite() {
        return options.stream().allMatch(option -> Double.isFinite(option.total()));
    }

    /** The most probable option as it stands; longer ones are at a disadvantage. */
    public OptionalInt best() {
        return best(OptionScore::total);
    }

    /** The option with the highest mean over its tokens. */
    public OptionalInt bestPerToken() {
        return best(OptionScore::perToken);
    }

    /** The option with the highest log-probability by byte. */
    public OptionalInt bestPerByte() {
        return best(OptionScore::perByte);
    }

    /** The first among equals; none when a score is not a number, because then nothing can be said of the others either. */
    private OptionalInt best(ToDoubleFunction<OptionScore> value) {
        if (!areFinite()) {
            return OptionalInt.empty();
        }
        int best = 0;
        for (int i = 1; i < options.size(); i++) {
            if (value.applyAsDouble(options.get(i)) > value.applyAsDouble(options.get(best))) {
                best = i;
            }
        }
        return OptionalInt.of(best);
    }
}
