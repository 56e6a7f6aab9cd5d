package org.dndllm.train;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** Loss of a model on examples, without a graph. */
public final class Evaluation {
    private Evaluation() {}

    /**
     * Mean cross-entropy over all tokens that count, without dropout.
     *
     * @param batch examples at a time
     */
    public static double loss(Qwen2 model, AdapterTensors adapter, List<Example> examples, int batch) {
        double sum = 0;
        long tokens = 0;
        for (int from = 0; from < examples.size(); from += batch) {
            List<Example> part = examples.subList(from, Math.min(examples.size(), from + batch));
            try (PointerScope scope = new PointerScope();
                    NoGradGuard frozen = new NoGradGuard()) {
                TokenBatch made = TokenBatch.of(part, model.device());
                Tensor loss = model.loss(made, adapter.withoutDropout());
                long count = made.targets().numel();
                sum += loss.item_float() * count;
                tokens += count;
            }
        }
        return sum / tokens;
    }
}
