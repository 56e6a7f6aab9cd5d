package org.dndllm.eval.benchmark;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What a reader of scores on a set should know about the set. */
final class SetWarnings {
    private SetWarnings() {}

    static List<String> of(List<BenchmarkItem> items) {
        List<String> warnings = new ArrayList<>();
        int repeated = items.size()
                - (int) items.stream()
                        .map(item -> List.of(item.prompt(), item.image()))
                        .distinct()
                        .count();
        if (repeated > 0) {
            warnings.add(repeated + " prompts occurred in the file before");
        }
        long unlabelled = items.stream()
                .filter(item -> !item.isLabelled() && item.kind() != AnswerKind.CODE)
                .count();
        if (unlabelled > 0) {
            warnings.add(unlabelled + " of " + items.size() + " items have no answer and cannot be scored");
        }
        Set<String> answers = items.stream()
                .filter(item -> !item.choices().isEmpty() && item.isLabelled())
                .map(BenchmarkItem::answer)
                .collect(Collectors.toCollection(HashSet::new));
        if (items.size() > 1 && unlabelled == 0 && answers.size() == 1) {
            warnings.add("every right answer is " + answers.iterator().next()
                    + ": whoever always says so scores 100 %. The labels are placeholders or the file is sorted");
        }
        return warnings;
    }
}
