package org.dndllm.eval;

import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.Function;
import org.dndllm.engine.PromptSet;
import org.dndllm.lora.LoraWeights;

/** The controls that are LoRAs trained by gradient descent, for one task. Every LoRA answers the items once. */
final class TrainedLoras {
    private final Workbench bench;
    private final TaskData task;
    private final List<TaskItem> items;
    private final Runnable ran;
    private final List<String> tasks; // training tasks of this task
    private final List<String> present; // those that have a LoRA
    private final Map<String, Run> runs = new HashMap<>();

    /** @param ran told after every run */
    TrainedLoras(Workbench bench, TaskData task, List<TaskItem> items, Runnable ran) {
        this.bench = bench;
        this.task = task;
        this.items = items;
        this.ran = ran;
        tasks = bench.folder().trainingTasks(task.name());
        present = tasks.stream()
                .filter(other ->
                        bench.loras().isPresent() && bench.loras().get().has(other))
                .toList();
    }

    /** How many training tasks have a LoRA. */
    int count() {
        return present.size();
    }

    Measurement mean() {
        if (present.isEmpty()) {
            return none(Control.TRAINING_MEAN);
        }
        return new Measurement(
                Control.TRAINING_MEAN,
                present.stream().map(this::run).toList(),
                present.size() + " of " + tasks.size() + " training tasks have a LoRA");
    }

    Measurement best() {
        if (present.isEmpty()) {
            return none(Control.TRAINING_BEST);
        }
        Run best = present.stream()
                .map(this::run)
                .max(Comparator.comparingInt(Run::right))
                .orElseThrow();
        return new Measurement(Control.TRAINING_BEST, List.of(best), best.label());
    }

    Measurement nearest() {
        if (present.isEmpty()) {
            return none(Control.NEAREST);
        }
        List<PromptSet> candidates =
                present.stream().map(other -> bench.task(other).trainPrompts()).toList();
        String nearest = present.get(bench.likeness().nearest(task.trainPrompts(), candidates));
        return new Measurement(Control.NEAREST, List.of(run(nearest)), nearest);
    }

    Measurement multitask() {
        return single(Control.MULTITASK, "multitask", all -> all.multitask(bench.shape()));
    }

    Measurement ownLabels() {
        return single(Control.OWN_LABELS, task.name(), all -> all.read(task.name(), bench.shape()));
    }

    OptionalDouble ownTrainSeconds() {
        return bench.loras().map(all -> all.trainSeconds(task.name())).orElseGet(OptionalDouble::empty);
    }

    /** How many of the scored prompts a training task trains on, so that its LoRA may know them by heart. */
    int leaked() {
        Set<String> scored = new HashSet<>();
        items.forEach(item -> scored.add(item.prompt()));
        Set<String> known = new HashSet<>();
        for (String other : tasks) {
            bench.task(other).train().stream()
                    .map(TaskItem::prompt)
                    .filter(scored::contains)
                    .forEach(known::add);
        }
        return known.size();
    }

    private Run run(String other) {
        return runs.computeIfAbsent(
                other,
                name -> answer(
                        bench.loras().orElseThrow().read(name, bench.shape()).orElseThrow(), name));
    }

    private Run answer(LoraWeights weights, String name) {
        Run run = bench.sheet().with(weights, name, items).run();
        ran.run();
        return run;
    }

    private Measurement none(Control control) {
        return Measurement.missing(
                control,
                bench.loras()
                        .map(all -> "no training task has a LoRA in " + all)
                        .orElse("no folder of trained LoRAs given"));
    }

    private Measurement single(Control control, String name, Function<LoraFolder, Optional<LoraWeights>> reader) {
        if (bench.loras().isEmpty()) {
            return none(control);
        }
        LoraFolder all = bench.loras().get();
        return reader.apply(all)
                .map(weights -> new Measurement(control, List.of(answer(weights, name)), ""))
                .orElseGet(() -> Measurement.missing(control, all + " has no " + name));
    }
}
