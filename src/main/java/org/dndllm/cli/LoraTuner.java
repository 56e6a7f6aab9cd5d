package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import org.dndllm.cli.experiment.SetPlan;
import org.dndllm.engine.Progress;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.experiment.Tuner;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.train.Example;

/**
 * Trains LoRAs on a few labelled items, for experiments. Owns both copies of the base model: llama.cpp's,
 * which cuts the text, and LibTorch's.
 */
final class LoraTuner implements Tuner {
    private final LlamaModel text;
    private final LoraTimer timer;
    private final ChatTokenizer tokenizer;
    private boolean warm;

    private LoraTuner(LlamaModel text, LoraTimer timer) {
        this.text = text;
        this.timer = timer;
        tokenizer = new ChatTokenizer(text.vocabulary());
    }

    /**
     * @param tuning kind of adapter, batch and schedule
     * @param threads of LibTorch, for the whole process
     */
    static LoraTuner open(Path base, SetPlan.Tuning tuning, int threads) {
        LlamaModel text = LlamaModel.open(base, ModelOptions.CPU);
        try {
            return new LoraTuner(text, LoraTimer.open(base, tuning, threads));
        } catch (RuntimeException e) {
            text.close();
            throw e;
        }
    }

    @Override
    public Tuned tune(List<TaskItem> items, long steps, String name) {
        List<Example> examples = items.stream().map(this::example).toList();
        if (!warm) {
            timer.warmUp(examples);
            warm = true;
        }
        LoraTimer.Trained trained = timer.train(examples, steps, name, Progress.NONE);
        return new Tuned(trained.weights(), trained.seconds(), trained.cpuSeconds());
    }

    private Example example(TaskItem item) {
        return tokenizer.example(new org.dndllm.train.collect.TaskItem(item.prompt(), item.response(), item.system()));
    }

    @Override
    public void close() {
        try {
            timer.close();
        } finally {
            text.close();
        }
    }
}
