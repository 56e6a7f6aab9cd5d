package org.dndllm.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.GeneratedAdapter;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.Evaluation;

/**
 * Wall time of generating one task's adapter over and over, in milliseconds.
 *
 * @param weights prompts to adapter weights: the whole call, drawing and provenance included
 * @param attach weights to attached adapter
 * @param attached prompts to attached adapter, the sum of both round by round
 * @param stages what the generation says of its own stages, by name
 */
record GenerationTimes(Samples weights, Samples attach, Samples attached, Map<String, Samples> stages) {
    private static final int WARM_UP = 20;
    private static final int NANOS_PER_MILLI = 1_000_000;

    private GenerationTimes(int rounds) {
        this(new Samples(rounds), new Samples(rounds), new Samples(rounds), new LinkedHashMap<>());
    }

    /** Measures warm rounds, each with a prompt draw of its own. */
    static GenerationTimes measure(
            DragAndDrop dnd, Evaluation evaluation, PromptSet prompts, String task, int rounds, Progress progress) {
        GenerationTimes warmUp = new GenerationTimes(WARM_UP);
        for (int round = 1; round <= WARM_UP; round++) {
            warmUp.add(dnd, evaluation, prompts, round);
        }
        GenerationTimes times = new GenerationTimes(rounds);
        for (int round = 1; round <= rounds; round++) {
            times.add(dnd, evaluation, prompts, WARM_UP + round);
            progress.advanced(task + ": generations", round, rounds);
        }
        return times;
    }

    private void add(DragAndDrop dnd, Evaluation evaluation, PromptSet prompts, long seed) {
        long start = System.nanoTime();
        GeneratedAdapter adapter = dnd.generate(prompts, seed, "bench");
        double generated = (double) (System.nanoTime() - start) / NANOS_PER_MILLI;
        double loaded = evaluation.attachSeconds(adapter.weights(), "bench") * 1e3;
        weights.add(generated);
        attach.add(loaded);
        attached.add(generated + loaded);
        adapter.provenance()
                .times()
                .forEach((stage, time) -> stages.computeIfAbsent(stage, name -> new Samples(weights.capacity()))
                        .add((double) time.toNanos() / NANOS_PER_MILLI));
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("prompts_to_weights_ms", weights.toJson());
        json.put("weights_to_attached_ms", attach.toJson());
        json.put("prompts_to_attached_ms", attached.toJson());
        Map<String, Object> own = new LinkedHashMap<>();
        stages.forEach((stage, samples) -> own.put(stage, samples.toJson()));
        json.put("stages_ms", own);
        return json;
    }
}
