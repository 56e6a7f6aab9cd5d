package org.dndllm.eval.diagnosis;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionText;
import org.dndllm.engine.AdapterPipeline;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;
import org.dndllm.eval.JunkPrompts;
import org.dndllm.eval.LoraFolder;
import org.dndllm.eval.PromptLikeness;
import org.dndllm.eval.TaskFolder;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraWeights;

/**
 * Whether a generator generates or recalls, for the training tasks of a task folder. Needs no base model: adapters are
 * compared by their weights. What the weights do is for {@link org.dndllm.eval.Evaluation} to say.
 *
 * <p>Training tasks are those of role {@code train}, or all of a folder without roles. Not thread-safe.
 */
public final class Diagnosis {
    private static final String JUNK = "junk prompts";
    private static final String MEAN = "mean of the references";

    private final AdapterPipeline pipeline;
    private final TaskFolder folder;
    private final long seed;
    private final Progress progress;
    private final List<String> training;
    private final PromptLikeness likeness;
    private final Map<String, PromptSet> prompts = new LinkedHashMap<>(); // by task

    /**
     * @param pipeline open as long as this is used
     * @param seed of every prompt draw
     */
    public Diagnosis(AdapterPipeline pipeline, TaskFolder folder, long seed, Progress progress) {
        this.pipeline = pipeline;
        this.folder = folder;
        this.seed = seed;
        this.progress = progress;
        training = folder.trainingTasks("");
        likeness = new PromptLikeness(pipeline.encoder());
        if (training.size() < 2) {
            throw new InvalidInputException(
                    folder.folder().toString(),
                    "training tasks",
                    "there are " + training.size() + "; a diagnosis compares at least two");
        }
    }

    /** Names of the training tasks. */
    public List<String> training() {
        return training;
    }

    /** What the generator is given of a task: its training prompts, as the kind of text that it was trained on. */
    public PromptSet prompts(String task) {
        ConditionText kind = pipeline.bundle().manifest().training().conditionText();
        return prompts.computeIfAbsent(task, name -> folder.task(name).conditions(kind));
    }

    /** Whether the training tasks' conditions lie apart: two draws' worth of prompts of each, embedded. */
    public ConditionGeometry conditions() {
        Map<String, float[][]> embeddings = new LinkedHashMap<>();
        for (String task : training) {
            PromptSet set = prompts(task);
            int count = Math.min(2 * pipeline.bundle().prompts(), set.size());
            embeddings.put(task, pipeline.encoder().embed(set.draw(count, seed).prompts()));
            progress.advanced("embed training tasks", embeddings.size(), training.size());
        }
        return ConditionGeometry.of(embeddings);
    }

    /** Cosines of the mean prompt embeddings of the given tasks, each with each. */
    public double[][] cosines(List<String> tasks) {
        List<PromptSet> sets = tasks.stream().map(this::prompts).toList();
        double[][] cosines = new double[tasks.size()][];
        for (int i = 0; i < cosines.length; i++) {
            cosines[i] = likeness.cosines(sets.get(i), sets);
            progress.advanced("compare tasks", i + 1, cosines.length);
        }
        return cosines;
    }

    /** Training tasks near a prompt set, never itself, and the out-of-distribution score. */
    public TaskLikeness likeness(String name, PromptSet set) {
        List<String> others = others(name);
        double[] cosines =
                likeness.cosines(set, others.stream().map(this::prompts).toList());
        return TaskLikeness.of(name, others, cosines, pipeline.score(set, seed));
    }

    /**
     * Refuses a folder that has nothing to compare with, before anything slow is done.
     *
     * @throws InvalidInputException if no training task has a LoRA there
     */
    public void requireTrained(LoraFolder loras) {
        if (training.stream().noneMatch(loras::has)) {
            throw new InvalidInputException(
                    loras.toString(), "folder", "holds the LoRA of no training task; name the one with <task> folders");
        }
    }

    /**
     * Generated adapters among the LoRAs that were trained on the training tasks' labels.
     *
     * @param subjects prompt sets by name; a training task's own LoRA counts among its references
     * @throws InvalidInputException if no training task has a LoRA
     */
    public Comparison amongTrained(Map<String, PromptSet> subjects, LoraFolder loras) {
        requireTrained(loras);
        BaseShape shape = pipeline.bundle().manifest().layout().shape();
        Map<String, LoraWeights> trained = new LinkedHashMap<>();
        training.forEach(task -> loras.read(task, shape).ifPresent(lora -> trained.put(task, lora)));
        References references = References.of(trained);
        List<Placement> controls = new ArrayList<>();
        for (String subject : subjects.keySet()) {
            if (!trained.containsKey(subject)) {
                Optional<LoraWeights> own = loras.read(subject, shape);
                own.ifPresent(lora -> controls.add(references.place("own labels: " + subject, lora)));
            }
        }
        controls.add(references.place(JUNK, junk()));
        controls.add(references.placeMean(MEAN));
        Map<String, List<Placement>> groups = new LinkedHashMap<>();
        groups.put("training LoRAs, each among the others", references.leaveOneOut());
        groups.put("generated for the training tasks", place(references, trainingPrompts()));
        return new Comparison(
                "LoRAs trained on the training tasks",
                references.names(),
                place(references, subjects),
                controls,
                groups);
    }

    /**
     * Generated adapters among those that the same generator makes for its training tasks: does it say something new, or
     * one of the things that it has learned to say?
     *
     * @param subjects prompt sets by name; a training task's own adapter does not count among its references
     */
    public Comparison amongGenerated(Map<String, PromptSet> subjects) {
        Map<String, LoraWeights> made = new LinkedHashMap<>();
        trainingPrompts().forEach((task, set) -> made.put(task, generate(task, set)));
        References references = References.of(made);
        List<Placement> leftOut = references.leaveOneOut();
        List<Placement> generated = new ArrayList<>();
        subjects.forEach((name, set) -> generated.add(leftOut.stream()
                .filter(placement -> placement.name().equals(name))
                .findFirst()
                .orElseGet(() -> references.place(name, generate(name, set)))));
        return new Comparison(
                "adapters generated for the training tasks",
                references.names(),
                generated,
                List.of(references.place(JUNK, junk()), references.placeMean(MEAN)),
                Map.of("generated for the training tasks, each among the others", leftOut));
    }

    private Map<String, PromptSet> trainingPrompts() {
        Map<String, PromptSet> sets = new LinkedHashMap<>();
        training.forEach(task -> sets.put(task, prompts(task)));
        return sets;
    }

    private List<Placement> place(References references, Map<String, PromptSet> sets) {
        List<Placement> placements = new ArrayList<>();
        sets.forEach((name, set) -> {
            placements.add(references.place(name, generate(name, set)));
            progress.advanced("compare adapters", placements.size(), sets.size());
        });
        return placements;
    }

    private LoraWeights generate(String name, PromptSet set) {
        String base = pipeline.bundle().manifest().base().sha256().orElse("");
        return pipeline.generate(set, seed, name, base, Progress.NONE).weights();
    }

    private LoraWeights junk() {
        return generate(JUNK, JunkPrompts.of(pipeline.bundle().prompts(), seed));
    }

    private List<String> others(String name) {
        return training.stream().filter(task -> !task.equals(name)).toList();
    }
}
