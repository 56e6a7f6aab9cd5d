package org.dndllm.eval;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.eval.benchmark.BenchmarkItem;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ContextFullException;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.RgbImage;
import org.dndllm.llama.VisionProjector;

/**
 * Answers questions on pictures, greedily and one after the other: an image is most of its prompt, so there is little to
 * share. Owns a context, to which adapters are attached; the image encoder stays the caller's.
 */
public final class ImageAnswers implements AutoCloseable {
    private final VisionProjector projector;
    private final LlamaContext context;

    private ImageAnswers(VisionProjector projector, LlamaContext context) {
        this.projector = projector;
        this.context = context;
    }

    /**
     * Opens a context.
     *
     * @param options its length must hold an image, a question and an answer
     */
    public static ImageAnswers open(LlamaModel model, VisionProjector projector, ContextOptions options) {
        return new ImageAnswers(projector, model.newContext(options.withMaxOutputs(1)));
    }

    /** The context, for attaching adapters. */
    public LlamaContext context() {
        return context;
    }

    /**
     * The answers without their end marks, in the order of the questions.
     *
     * @param maxTokens longest answer
     * @throws InvalidInputException if an image cannot be read, or question and answer do not fit into the context
     */
    public List<String> answer(List<BenchmarkItem> items, int maxTokens, String stage, Progress progress) {
        List<String> answers = new ArrayList<>();
        for (BenchmarkItem item : items) {
            progress.advanced(stage, answers.size(), items.size());
            answers.add(answer(item, maxTokens));
        }
        progress.advanced(stage, items.size(), items.size());
        return answers;
    }

    private String answer(BenchmarkItem item, int maxTokens) {
        List<RgbImage> images =
                item.image().map(image -> image.read(item.id())).stream().toList();
        try {
            projector.decode(context, item.messages(), images, 0, CancelToken.create());
            int[] tokens = context.onNativeThread(() -> generate(maxTokens));
            return context.model().vocabulary().detokenize(tokens, false);
        } catch (ContextFullException e) {
            throw new InvalidInputException(
                    item.id(),
                    "prompt",
                    "does not fit into the context with its image and an answer of " + maxTokens + " tokens ("
                            + e.getMessage() + "); allow a longer context (-c), fewer tokens for an image"
                            + " (--image-max-tokens) or a shorter answer (-n)",
                    e);
        } finally {
            context.clear();
        }
    }

    private int[] generate(int maxTokens) {
        int[] tokens = new int[maxTokens];
        int length = 0;
        while (length < maxTokens) {
            int token = GreedyDecoder.highest(MemorySegment.ofArray(context.logits()));
            if (token == GreedyDecoder.NONE || context.model().vocabulary().isEndOfGeneration(token)) {
                break;
            }
            tokens[length++] = token;
            if (length < maxTokens) {
                context.decodeToken(token);
            }
        }
        return Arrays.copyOf(tokens, length);
    }

    @Override
    public void close() {
        context.close();
    }
}
