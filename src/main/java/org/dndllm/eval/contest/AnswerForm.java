package org.dndllm.eval.contest;

import java.util.List;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.eval.benchmark.Choice;

/** What the likelihood of an option is the likelihood of. */
public enum AnswerForm {
    /** Its label as the official files write an answer: {@code [A]}. */
    LABEL,
    /** Its wording. */
    TEXT;

    /** The continuations to compare, in the order of the item's choices. */
    List<String> options(BenchmarkItem item) {
        return switch (this) {
            case LABEL -> item.options();
            case TEXT -> item.choices().stream().map(Choice::text).toList();
        };
    }
}
