package org.dndllm.train;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.dndllm.format.JsonValue;

/**
 * What a run must remember beside tensors.
 *
 * @param step steps taken
 * @param loss of the last of them; 0 before the first
 * @param bestLoss lowest validation loss so far
 * @param bestStep steps taken then
 * @param stale validations since
 */
record TrainingState(long step, double loss, OptionalDouble bestLoss, long bestStep, int stale) {
    static final TrainingState BEGINNING = new TrainingState(0, 0, OptionalDouble.empty(), 0, 0);

    TrainingState afterStep(double newLoss) {
        return new TrainingState(step + 1, newLoss, bestLoss, bestStep, stale);
    }

    boolean improvedBy(double validationLoss) {
        return bestLoss.isEmpty() || validationLoss < bestLoss.getAsDouble();
    }

    TrainingState afterValidation(double validationLoss) {
        return improvedBy(validationLoss)
                ? new TrainingState(step, loss, OptionalDouble.of(validationLoss), step, 0)
                : new TrainingState(step, loss, bestLoss, bestStep, stale + 1);
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("step", step);
        json.put("loss", loss);
        bestLoss.ifPresent(best -> json.put("best_validation_loss", best));
        json.put("best_step", bestStep);
        json.put("stale", stale);
        return json;
    }

    static TrainingState fromJson(JsonValue.Obj json) {
        String best = "best_validation_loss";
        return new TrainingState(
                json.integer("step"),
                json.number("loss"),
                json.has(best) ? OptionalDouble.of(json.number(best)) : OptionalDouble.empty(),
                json.integer("best_step"),
                json.int32("stale"));
    }
}
