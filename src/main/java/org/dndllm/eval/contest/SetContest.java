package org.dndllm.eval.contest;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.engine.Progress;
import org.dndllm.eval.benchmark.ConditionOrigin;
import org.dndllm.llama.AdapterSet;

/** One set of questions, answered by the base model first and by adapters then, each beside it. */
public final class SetContest {
    private final Contest contest;
    private final ItemSample sample;
    private final Progress progress;
    private final Contest.Played base;
    private final List<ContenderScore> scores = new ArrayList<>();

    private SetContest(Contest contest, ItemSample sample, Progress progress) {
        this.contest = contest;
        this.sample = sample;
        this.progress = progress;
        base = contest.play(AdapterSet.EMPTY, sample, SetScore.BASE, progress);
        add(SetScore.BASE, base, Optional.empty(), notFinite(base));
    }

    /** Has the base model answer the questions. */
    public static SetContest start(Contest contest, ItemSample sample, Progress progress) {
        return new SetContest(contest, sample, progress);
    }

    /**
     * Has the model answer under an adapter.
     *
     * @param condition of a generated adapter, what it was made from
     */
    public void play(String name, AdapterSet adapter, Optional<ConditionOrigin> condition) {
        Contest.Played played = contest.play(adapter, sample, name, progress);
        List<String> remarks = new ArrayList<>(notFinite(played));
        if (played.scores().equals(base.scores()) && played.answers().equals(base.answers())) {
            remarks.add("changes nothing: every likelihood and answer is the base model's");
        }
        add(name, played, condition, remarks);
    }

    private void add(String name, Contest.Played played, Optional<ConditionOrigin> condition, List<String> remarks) {
        scores.add(new ContenderScore(
                name, contest.judge(sample, played), played.answers(), condition, remarks, played.seconds()));
    }

    private static List<String> notFinite(Contest.Played played) {
        long broken =
                played.scores().stream().filter(scores -> !scores.areFinite()).count();
        return broken == 0
                ? List.of()
                : List.of("broken: the model's logits are not finite on " + broken + " of "
                        + played.scores().size() + " items, which count as wrong");
    }

    /** What has been reached so far. */
    public SetScore score() {
        return new SetScore(sample, contest.columns(sample), scores);
    }
}
