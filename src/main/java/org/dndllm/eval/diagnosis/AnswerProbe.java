package org.dndllm.eval.diagnosis;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.AdapterBuffer;
import org.dndllm.eval.TaskItem;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaBatch;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.Vocabulary;
import org.dndllm.lora.LoraWeights;

/**
 * How likely the base model finds given answers, with and without an adapter: the log-likelihood of each answer's tokens
 * after its question, each item alone. Owns a context beside the model's others; the caller closes it before the model.
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
        int longest = asked.stream()
                .mapToInt(item -> model.vocabulary().tokenize(item.response(), false).length)
                .max()
                .orElseThrow();
        ContextOptions one = options.withSequences(1).withMaxOutputs(longest);
        return new AnswerProbe(model, model.newContext(one), asked, !items.isEmpty());
    }

    /** Whether the items are a task's. */
    boolean labelled() {
        return labelled;
    }

    /** Log-likelihood of every item's answer by the base model, in nats. */
    double[] base() {
        context.detach();
        return items.stream().mapToDouble(this::logLikelihood).toArray();
    }

    /** The same under an adapter; NaN where the logits are not numbers. */
    double[] with(LoraWeights weights, float scale) {
        try (LoraAdapter adapter = model.loadAdapter(buffer.write(weights, GgmlType.F32), "examined adapter")) {
            context.attach(AdapterSet.of(adapter, scale));
            try {
                return items.stream().mapToDouble(this::logLikelihood).toArray();
            } finally {
                context.detach();
            }
        }
    }

    private double logLikelihood(TaskItem item) {
        Vocabulary vocabulary = model.vocabulary();
        int[] question = ChatTemplate.tokens(vocabulary, item.question(), true);
        int[] answer = vocabulary.tokenize(item.response(), false);
        context.clear();
        if (question.length > 1) {
            context.decode(Arrays.copyOf(question, question.length - 1));
        }
        LlamaBatch batch = LlamaBatch.create(answer.length);
        for (int i = 0; i < answer.length; i++) {
            int token = i == 0 ? question[question.length - 1] : answer[i - 1];
            batch.add(token, question.length - 1 + i, 0, true);
        }
        context.decode(batch);
        double sum = 0;
        for (int i = 0; i < answer.length; i++) {
            int token = answer[i];
            sum += context.withLogits(i, logits -> logProbability(logits, token));
        }
        return sum;
    }

    private static double logProbability(MemorySegment logits, int token) {
        int size = (int) (logits.byteSize() / Float.BYTES);
        double highest = Double.NEGATIVE_INFINITY;
        for (int v = 0; v < size; v++) {
            highest = Math.max(highest, logits.getAtIndex(ValueLayout.JAVA_FLOAT, v));
        }
        double sum = 0;
        for (int v = 0; v < size; v++) {
            sum += Math.exp(logits.getAtIndex(ValueLayout.JAVA_FLOAT, v) - highest);
        }
        return logits.getAtIndex(ValueLayout.JAVA_FLOAT, token) - highest - Math.log(sum);
    }

    /** Ends the context. Idempotent. */
    @Override
    public void close() {
        context.close();
        buffer.close();
    }
}
