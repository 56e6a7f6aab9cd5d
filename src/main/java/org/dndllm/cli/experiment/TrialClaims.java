package org.dndllm.cli.experiment;

import java.util.List;
import org.dndllm.eval.report.Claim;
import org.dndllm.eval.report.Claim.AtMost;
import org.dndllm.eval.report.Claim.Better;
import org.dndllm.eval.report.Claim.Flags;
import org.dndllm.eval.report.Claim.NoWorse;
import org.dndllm.eval.report.Claim.Quicker;

/** What a reader would like to know of a generator, as claims with rules; jobs are those of {@link Trials}. */
public final class TrialClaims {
    private static final String GENERATED = "generated";
    private static final double FIVE_POINTS = 0.05;

    private TrialClaims() {}

    /** In the order of the report; some may be about jobs that a bundle of this scale has not. */
    public static List<Claim> all(TrialScale scale) {
        int own = scale.prompts();
        int more = 4 * own;
        return List.of(
                better("Generated adapters beat the base model on unseen tasks.", "base"),
                better("They beat the nearest training LoRA.", "nearest"),
                better("They beat one multitask LoRA of the same rank.", "multitask"),
                better(
                        "They beat 1 to 16 labelled examples in the context.",
                        "shots-1",
                        "shots-2",
                        "shots-4",
                        "shots-8",
                        "shots-16"),
                better("They beat LoRAs tuned on 4 and on 16 labelled items.", "tuned-4", "tuned-16"),
                better("They beat LoRAs tuned on 64 labelled items.", "tuned-64"),
                new Claim(
                        "Tuning a LoRA on 64 labelled items takes at least a hundred times as long as generating an adapter.",
                        new Quicker(GENERATED, "tuned-64", 100)),
                better("They depend on the prompts: those of another task give less.", "shuffled"),
                new Claim(
                        "Junk prompts give nothing (at most 5 points over the base model).",
                        new AtMost("junk", "base", FIVE_POINTS)),
                better("More prompts help: " + own + " beat 1 and 4.", "prompts-1", "prompts-4"),
                new Claim(
                        "More prompts than in training help further: " + more + " beat " + own + ".",
                        new Better("prompts-" + more, List.of(GENERATED))),
                new Claim(
                        "They are as good as LoRAs trained on the task's own labels (at most 5 points less).",
                        new NoWorse(GENERATED, "own-labels", FIVE_POINTS)),
                new Claim(
                        "Half the rank is enough (at most 5 points less).",
                        new NoWorse("rank-" + scale.rank() / 2, GENERATED, FIVE_POINTS)),
                new Claim(
                        "Storing an adapter as q8_0 costs nothing (at most 1 point less than f32).",
                        new NoWorse("stored-q8_0", "stored-f32", 0.01)),
                better("Prompts of another task among one's own harm: with 50 % of them it is less.", "mixed-50"),
                new Claim(
                        "They help on tasks outside the family of the training tasks.",
                        new Better("outside-generated", List.of("outside-base"))),
                new Claim(
                        "The out-of-distribution score warns of tasks outside the family, and not of held-out ones.",
                        new Flags("outside-generated", GENERATED)),
                new Claim(
                        "Generating an adapter takes at most a hundredth of the time of training one.",
                        new Quicker(GENERATED, "own-labels", 100)));
    }

    private static Claim better(String text, String... others) {
        return new Claim(text, new Better(GENERATED, List.of(others)));
    }
}
