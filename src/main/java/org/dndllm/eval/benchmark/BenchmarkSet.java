package org.dndllm.eval.benchmark;

import java.util.List;
import org.dndllm.InvalidInputException;

/**
 * The questions of one file.
 *
 * @param name file name without extension and split: {@code ARC-c}
 * @param source path of the file, for messages
 * @param kind of its answers; {@link AnswerKind#MATH} where questions on pictures mix several
 * @param warnings what makes scores on it worth less: repeated prompts, one answer for all
 */
public record BenchmarkSet(
        String name, String source, Split split, AnswerKind kind, List<BenchmarkItem> items, List<String> warnings) {
    public BenchmarkSet {
        items = List.copyOf(items);
        warnings = List.copyOf(warnings);
    }

    /** Whether questions have pictures. */
    public boolean hasImages() {
        return items.stream().anyMatch(item -> item.image().isPresent());
    }

    /**
     * This set, if every item says what is right.
     *
     * @throws InvalidInputException naming the first item that does not
     */
    public BenchmarkSet requireLabels() {
        for (BenchmarkItem item : items) {
            if (!item.isLabelled()) {
                throw new InvalidInputException(
                        source,
                        item.id().substring(item.id().lastIndexOf(": ") + 2) + ", field response",
                        "is absent or empty, so nothing can be scored; use a labelled file");
            }
        }
        return this;
    }
}
