package org.dndllm.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * How far apart a generator's conditions lie, read back from what {@code dnd diagnose --save} wrote; the meaning of each is
 * {@code org.dndllm.eval.diagnosis.ConditionGeometry}'s.
 *
 * @param between variance between tasks
 * @param within variance within tasks
 * @param cosineBetween mean cosine of prompts of different tasks
 * @param silhouette -1 to 1
 * @param promptAccuracy share of single prompts that are nearest to their own task
 * @param drawAccuracy the same of means of half a sample
 * @param warnings what is wrong, as sentences
 */
public record ConditionScores(
        double between,
        double within,
        double cosineBetween,
        double silhouette,
        double promptAccuracy,
        double drawAccuracy,
        List<String> warnings) {
    public ConditionScores {
        warnings = List.copyOf(warnings);
    }

    /** @throws InvalidInputException if there is no such file, or it is malformed */
    public static ConditionScores read(Path file) {
        try {
            JsonValue.Obj json = JsonValue.parse(Files.readAllBytes(file), file.toString())
                    .asObject(file.toString())
                    .object("conditions");
            return new ConditionScores(
                    json.number("variance_between"),
                    json.number("variance_within"),
                    json.number("cosine_between"),
                    json.number("silhouette"),
                    json.object("prompt_accuracy").number("value"),
                    json.object("draw_accuracy").number("value"),
                    json.array("warnings").strings());
        } catch (IOException e) {
            throw new InvalidInputException(file.toString(), "file", "cannot be read (" + e + ")", e);
        }
    }
}
