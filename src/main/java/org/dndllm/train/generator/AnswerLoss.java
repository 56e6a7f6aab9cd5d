package org.dndllm.train.generator;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.train.AdapterTensors;
import org.dndllm.train.Evaluation;
import org.dndllm.train.Example;
import org.dndllm.train.Qwen2;
import org.dndllm.train.Seeds;
import org.dndllm.train.TokenBatch;

/** Cross-entropy of the frozen base model's answers under the generated adapters. */
final class AnswerLoss implements GeneratorLoss {
    private final Qwen2 base;
    private final TokenPairs pairs;
    private final TaskSet tasks;
    private final int items;
    private final int validationItems;

    /**
     * @param items S of each task in a step
     * @param validationItems most items of each validation task
     */
    AnswerLoss(Qwen2 base, TokenPairs pairs, TaskSet tasks, int items, int validationItems) {
        this.base = base;
        this.pairs = pairs;
        this.tasks = tasks;
        this.items = items;
        this.validationItems = validationItems;
    }

    @Override
    public Tensor training(Tensor tokens, int[] groups, long seed) {
        List<Example> batch = new ArrayList<>(groups.length * items);
        for (int g = 0; g < groups.length; g++) {
            List<Example> all = tasks.train().get(groups[g]).train();
            for (int item : Draws.distinct(all.size(), items, Seeds.mix(seed, g))) {
                batch.add(all.get(item));
            }
        }
        AdapterTensors adapters = pairs.adapters(tokens);
        return base.loss(TokenBatch.of(groups.length, batch, base.device()), adapters);
    }

    @Override
    public boolean validates(int task) {
        return !tasks.validation().get(task).validation().isEmpty();
    }

    @Override
    public double validation(Tensor tokens, int task) {
        List<Example> all = tasks.validation().get(task).validation();
        List<Example> scored = all.subList(0, Math.min(validationItems, all.size()));
        return Evaluation.loss(base, pairs.adapters(tokens), scored, scored.size());
    }
}
