package org.dndllm.eval.diagnosis;

import java.util.ArrayList;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.engine.Progress;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.likelihood.ChoiceQuestion;
import org.dndllm.eval.likelihood.LikelihoodScorer;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.lora.LoraWeights;

/**
 * How likely the base model finds given answers, with and without an adapter: the log-likelihood of each answer's tokens
 * after its question. Owns a context beside the model's others; the caller closes it before the model.
 */
public final class AnswerProbe implements AutoCloseable {
    /** Without labelled items: ordinary text, so that an adapter has something to act on. */
    private static final TaskItem TEXT =
            new TaskItem("Which gas do plants take from the air?", "They take carbon dioxide.", "");

    private final LlamaModel model;
    private final LlamaContext context;
    private final AdapterBuffer buffer = new AdapterBuffer();
    private final List<TaskItem> items;
    private final boolean labelled;

    private AnswerProbe(LlamaModel model, LlamaContext context, List<TaskItem> items, boolean labelled) {
        this.model = model;
        this.context = context;
        this.items = items;
        this.labelled = labelled;
    }

    /**
     * Opens a context.
     *
     * @param items labelled items of the task that adapters are for; with none the probe only sees whether an adapter does
     *     anything at all
     * @throws InvalidInputException if an item has no answer
     */
    public static AnswerProbe open(LlamaModel model, ContextOptions options, List<TaskItem> items) {
        for (int i = 0; i < items.size(); i++) {
            if (items.get(i).response().isBlank()) {
                throw new InvalidInputException(
                        "labelled items", "response of item " + i, "is blank; give items with their answers");
            }
        }
        List<TaskItem> asked = items.isEmpty() ? List.of(TEXT) : List.copyOf(items);
        ContextOptions batched = LikelihoodScorer.context(model, options);
        return new AnswerProbe(model, model.newContext(batched), asked, !items.isEmpty());
    }

    /** Whether the items are a task's. */
    boolean labelled() {
        return labelled;
    }

    /** Log-likelihood of every item's answer by the base model, in nats. */
    double[] base() {
        context.detach();
        return logLikelihoods();
    }

    /** The same under an adapter; NaN where the logits are not numbers. */
    double[] with(LoraWeights weights, float scale) {
        try (LoraAdapter adapter = model.loadAdapter(buffer.write(weights, GgmlType.F32), "examined adapter")) {
            context.attach(AdapterSet.of(adapter, scale));
            try {
                return logLikelihoods();
            } finally {
                context.detach();
            }
        }
    }

    private double[] logLikelihoods() {
        List<ChoiceQuestion> questions = new ArrayList<>();
        for (TaskItem item : items) {
            questions.add(new ChoiceQuestion(item.prompt(), item.question(), List.of(item.response())));
        }
        return new LikelihoodScorer(context)
                .score(questions, "probe", Progress.NONE).stream()
                        .mapToDouble(scores -> scores.options().getFirst().total())
                        .toArray();
    }

    /** Ends the context. Idempotent. */
    @Override
    public void close() {
        context.close();
        buffer.close();
    }
}
