package org.dndllm.eval;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.dndllm.engine.OutOfDistribution;

/**
 * Everything measured on one task.
 *
 * @param task its name
 * @param role what it is for, where the folder says
 * @param items the test items that were scored, in order
 * @param measurements one per control that was asked for, measured or not
 * @param generationSeconds prompts to attached adapter, one per seed
 * @param trainSeconds training time of the LoRA on the task's own labels, where its {@code dnd.json} says
 * @param scores out-of-distribution scores of the generated adapters; empty when the bundle cannot tell
 * @param warnings what a reader of the numbers should know, possibly nothing
 */
public record TaskResult(
        String task,
        Optional<TaskRole> role,
        List<TaskItem> items,
        List<Measurement> measurements,
        List<Double> generationSeconds,
        OptionalDouble trainSeconds,
        List<OutOfDistribution.Score> scores,
        List<String> warnings) {
    public TaskResult {
        items = List.copyOf(items);
        measurements = List.copyOf(measurements);
        generationSeconds = List.copyOf(generationSeconds);
        scores = List.copyOf(scores);
        warnings = List.copyOf(warnings);
    }

    /** The measurement of a control; empty when it was not asked for. */
    public Optional<Measurement> of(Control control) {
        return measurements.stream()
                .filter(measurement -> measurement.control() == control)
                .findFirst();
    }

    /** The measurement of a control, if there is a number. */
    Optional<Measurement> measured(Control control) {
        return of(control).filter(Measurement::measured);
    }
}
