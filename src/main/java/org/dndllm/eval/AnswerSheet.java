package org.dndllm.eval;

import java.util.List;
import java.util.function.DoubleFunction;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.engine.LiveModel;
import org.dndllm.engine.Progress;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.Vocabulary;
import org.dndllm.lora.LoraWeights;

/**
 * Has the model answer the items of a task under one adapter after the other. Owns a context of many sequences beside the
 * model's conversation, and closes it.
 */
final class AnswerSheet implements AutoCloseable {
    private final LlamaModel model;
    private final GgmlType adapterType;
    private final AnswerContext answers;
    private final LlamaContext context;
    private final GreedyDecoder decoder;
    private final AdapterBuffer buffer = new AdapterBuffer();

    /**
     * @param options context length (of one sequence), threads and batch size
     * @param adapterType type in which adapters reach the model
     */
    AnswerSheet(LiveModel live, ContextOptions options, GgmlType adapterType, EvalOptions eval) {
        model = live.model();
        this.adapterType = adapterType;
        answers = AnswerContext.open(model, options, eval.parallel());
        context = answers.context();
        decoder = answers.decoder(eval.maxTokens());
    }

    Vocabulary vocabulary() {
        return model.vocabulary();
    }

    /** Tokens that a prompt may have so that its answer fits. */
    int promptRoom() {
        return decoder.positions() - decoder.maxTokens();
    }

    /** Answers of the base model. */
    Run base(String label, List<TaskItem> items) {
        return answer(label, items, questions(items));
    }

    /** Answers of the base model to prompts of another form, one per item. */
    Run answer(String label, List<TaskItem> items, List<int[]> prompts) {
        return Run.of(label, items, decoder.answer(prompts, label, Progress.NONE));
    }

    /**
     * A run under an adapter.
     *
     * @param loadSeconds from weights to attached adapter, wall time
     */
    record Adapted(Run run, double loadSeconds) {}

    /** Answers with an adapter, which is freed afterwards. */
    Adapted with(LoraWeights weights, String label, List<TaskItem> items) {
        return with(weights, adapterType, label, items);
    }

    /** The same with an adapter that reaches the model in another type. */
    Adapted with(LoraWeights weights, GgmlType type, String label, List<TaskItem> items) {
        return under(weights, type, label, loaded -> new Adapted(base(label, items), loaded));
    }

    /** Does something while an adapter is attached; it is told the seconds that loading and attaching took. */
    private <T> T under(LoraWeights weights, GgmlType type, String label, DoubleFunction<T> work) {
        long start = System.nanoTime();
        try (LoraAdapter adapter = model.loadAdapter(buffer.write(weights, type), label)) {
            context.attach(AdapterSet.of(adapter));
            double loaded = (System.nanoTime() - start) / 1e9;
            try {
                return work.apply(loaded);
            } finally {
                context.detach();
            }
        }
    }

    /** Loads, attaches, detaches and frees an adapter; seconds from weights to attached, wall time. */
    double attachSeconds(LoraWeights weights, String label) {
        return under(weights, adapterType, label, loaded -> loaded);
    }

    private List<int[]> questions(List<TaskItem> items) {
        return items.stream()
                .map(item -> ChatTemplate.tokens(vocabulary(), item.question(), true))
                .toList();
    }

    @Override
    public void close() {
        answers.close();
        buffer.close();
    }
}
