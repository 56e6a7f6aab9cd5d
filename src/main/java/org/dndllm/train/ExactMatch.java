package org.dndllm.train;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.train.torch.Tensors;

/** Accuracy of a model's greedy answers, without generating them. */
public final class ExactMatch {
    private ExactMatch() {}

    /**
     * Share of the examples that greedy decoding answers word for word: those in which every token that counts is the most
     * probable one after the right tokens before it. Only then does a greedy answer, its end included, equal the right one.
     *
     * @param batch examples at a time
     * @return 0 to 1
     */
    public static double share(Qwen2 model, AdapterTensors adapter, List<Example> examples, int batch) {
        long right = 0;
        for (int from = 0; from < examples.size(); from += batch) {
            right += right(model, adapter, examples.subList(from, Math.min(examples.size(), from + batch)));
        }
        return (double) right / examples.size();
    }

    private static long right(Qwen2 model, AdapterTensors adapter, List<Example> examples) {
        boolean[] wrong = new boolean[examples.size()];
        try (PointerScope scope = new PointerScope();
                NoGradGuard frozen = new NoGradGuard()) {
            TokenBatch batch = TokenBatch.of(examples, model.device());
            Tensor logits = model.answerLogits(batch, adapter.withoutDropout()); // [M, V]
            Tensor best = logits.argmax(new LongOptional(1), false); // [M]
            float[] misses = Tensors.floats(best.ne(batch.targets()));
            float[] rows = Tensors.floats(batch.rows());
            for (int i = 0; i < misses.length; i++) {
                wrong[(int) rows[i]] |= misses[i] != 0;
            }
        }
        long right = 0;
        for (boolean one : wrong) {
            right += one ? 0 : 1;
        }
        return right;
    }
}
