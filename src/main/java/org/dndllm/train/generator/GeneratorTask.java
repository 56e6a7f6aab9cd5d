package org.dndllm.train.generator;

import java.util.List;
import org.dndllm.train.Example;

/**
 * A task as generator training sees it.
 *
 * @param name of the task
 * @param sha256 of the files it was read from
 * @param conditions texts of the pool from which a condition is drawn
 * @param train labelled training items as tokens
 * @param validation labelled validation items as tokens, possibly none; never the test split
 */
public record GeneratorTask(
        String name, String sha256, List<String> conditions, List<Example> train, List<Example> validation) {
    public GeneratorTask {
        conditions = List.copyOf(conditions);
        train = List.copyOf(train);
        validation = List.copyOf(validation);
    }
}
