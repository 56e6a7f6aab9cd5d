package org.dndllm.eval;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.OutOfDistribution;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.LoraWeights;

/**
 * Scores tasks: greedy answers to the test split, exact match after trimming, under the generated adapters and every
 * control that is asked for.
 *
 * <pre>{@code
 * try (Evaluation evaluation = Evaluation.of(dnd, TaskFolder.open(tasks), Optional.empty(), EvalOptions.DEFAULT)) {
 *     TaskResult result = evaluation.task("largest-next", Control.plain(), Progress.NONE);
 *     Summary summary = Summary.of(List.of(result));
 * }
 * }</pre>
 *
 * <p>Uses a context of its own; the conversation of {@code dnd} and its attached adapter are left alone. One caller at a
 * time. The caller closes it, before {@code dnd}.
 */
public final class Evaluation implements AutoCloseable {
    private static final int SCORE_DRAWS = 20;

    private final Workbench bench;

    private Evaluation(Workbench bench) {
        this.bench = bench;
    }

    /**
     * Prepares evaluations.
     *
     * @param loras trained LoRAs for the controls that need them
     */
    public static Evaluation of(DragAndDrop dnd, TaskFolder folder, Optional<LoraFolder> loras, EvalOptions options) {
        return new Evaluation(new Workbench(dnd, folder, loras, options));
    }

    /**
     * Evaluates a task. A control whose parts are absent is in the result with the reason.
     *
     * @param progress told after every pass over the items
     * @throws InvalidInputException if the task's files or a LoRA are malformed, or it has no training or test split
     */
    public TaskResult task(String name, Set<Control> controls, Progress progress) {
        TaskData task = bench.task(name);
        task.requireScorable();
        return new TaskPass(bench, task, controls, progress).result();
    }

    /**
     * Answers items under an adapter from anywhere, exactly as {@link #task} does under a generated one.
     *
     * @param weights of an adapter for the base model of {@code dnd}
     * @param label what the run is called
     * @param items at least one
     */
    public Run answers(LoraWeights weights, String label, List<TaskItem> items) {
        return bench.sheet().with(weights, label, items).run();
    }

    /** As {@link #answers(LoraWeights, String, List)}, with the adapter in another type: F32, F16, BF16 or Q8_0. */
    public Run answers(LoraWeights weights, GgmlType type, String label, List<TaskItem> items) {
        return bench.sheet().with(weights, type, label, items).run();
    }

    /** Answers items with the base model alone. */
    public Run baseAnswers(List<TaskItem> items) {
        return bench.sheet().base("base", items);
    }

    /**
     * Times what comes before the first answer under an adapter: the weights are converted, loaded and attached, then
     * detached and freed.
     *
     * @return wall time from weights to attached adapter, in seconds
     */
    public double attachSeconds(LoraWeights weights, String label) {
        return bench.sheet().attachSeconds(weights, label);
    }

    /**
     * How well the out-of-distribution score tells the folder's held-out tasks from its outside tasks: many prompt draws of
     * each, nothing is generated.
     *
     * @throws InvalidInputException if there is no task of either role, or the bundle has no statistics of its training
     *     tasks
     */
    public OodResult outOfDistribution(Progress progress) {
        Map<String, List<OutOfDistribution.Score>> heldOut = scores(TaskRole.HELD_OUT, progress);
        Map<String, List<OutOfDistribution.Score>> outside = scores(TaskRole.OUTSIDE, progress);
        return OodResult.of(heldOut, outside);
    }

    private Map<String, List<OutOfDistribution.Score>> scores(TaskRole role, Progress progress) {
        List<String> names = bench.folder().names(role);
        if (names.isEmpty()) {
            throw new InvalidInputException(
                    bench.folder().folder().toString(),
                    "world.json",
                    "gives no task the role " + role.label()
                            + "; the score is judged by held-out against outside tasks");
        }
        Map<String, List<OutOfDistribution.Score>> scores = new TreeMap<>();
        for (String name : names) {
            PromptSet prompts = bench.conditions(bench.task(name));
            scores.put(
                    name,
                    LongStream.rangeClosed(1, SCORE_DRAWS)
                            .mapToObj(seed -> score(prompts, seed))
                            .toList());
            progress.advanced("score " + role.label(), scores.size(), names.size());
        }
        return scores;
    }

    private OutOfDistribution.Score score(PromptSet prompts, long seed) {
        return bench.dnd()
                .outOfDistribution(prompts, seed)
                .orElseThrow(() -> new InvalidInputException(
                        bench.dnd().bundle().folder().toString(),
                        OutOfDistribution.FILE,
                        "is not in the bundle; calibrate the out-of-distribution score first"));
    }

    /** Ends the context; {@code dnd} stays open. */
    @Override
    public void close() {
        bench.close();
    }
}
