package org.dndllm.train.generator;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.Condition;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;

/**
 * What the frozen encoder says about every prompt of some tasks. Encoded once and kept where it fits into memory, else
 * encoded anew for every draw. One thread; whoever makes it closes it; the encoder stays its opener's.
 */
public final class ConditionStore implements AutoCloseable {
    /** Prompts per call of the encoder: a progress report each, and a Java array of modest size. */
    private static final int PART = 256;

    private final SentenceEncoder encoder;
    private final List<List<String>> texts = new ArrayList<>();
    private final int[] first; // [tasks] place of each task's first prompt
    private final int length;
    private final TorchDevice device;
    private final Optional<Kept> kept;

    /**
     * @param states [P, L, C] of all prompts
     * @param mask [P, L]
     */
    private record Kept(Tensor states, Tensor mask) {}

    /**
     * Encodes the prompts, or prepares to.
     *
     * @param length L
     * @param memory most bytes to keep
     * @param progress hears of prompts encoded
     */
    public ConditionStore(
            SentenceEncoder encoder,
            List<GeneratorTask> tasks,
            int length,
            long memory,
            TorchDevice device,
            SentenceEncoder.Progress progress) {
        this.encoder = encoder;
        this.length = length;
        this.device = device;
        first = new int[tasks.size()];
        int prompts = 0;
        for (int task = 0; task < first.length; task++) {
            first[task] = prompts;
            texts.add(tasks.get(task).conditions());
            prompts = Math.addExact(prompts, texts.get(task).size());
        }
        long bytes = (long) prompts * length * (encoder.width() + 1) * Float.BYTES;
        kept = bytes <= memory ? Optional.of(encodeAll(prompts, progress)) : Optional.empty();
    }

    private Kept encodeAll(int prompts, SentenceEncoder.Progress progress) {
        List<String> all = texts.stream().flatMap(List::stream).toList();
        try (PointerScope scope = new PointerScope()) {
            Tensor states = Tensors.zeros(device, prompts, length, encoder.width());
            Tensor mask = Tensors.zeros(device, prompts, length);
            for (int from = 0; from < prompts; from += PART) {
                int count = Math.min(PART, prompts - from);
                try (PointerScope part = new PointerScope()) {
                    ConditionTensors encoded = encode(all.subList(from, from + count));
                    states.narrow(0, from, count).copy_(encoded.states());
                    mask.narrow(0, from, count).copy_(encoded.mask());
                }
                progress.report(from + count, prompts);
            }
            return new Kept(Tensors.keep(states), Tensors.keep(mask));
        }
    }

    /** [P, L, C] and [P, L] of some prompts. */
    private ConditionTensors encode(List<String> prompts) {
        Condition condition = encoder.encode(prompts, length);
        float[] mask = new float[condition.mask().length];
        for (int i = 0; i < mask.length; i++) {
            mask[i] = condition.mask()[i] ? 1 : 0;
        }
        return new ConditionTensors(
                Tensors.of(condition.states(), device, prompts.size(), length, condition.width()),
                Tensors.of(mask, device, prompts.size(), length));
    }

    /** Whether all prompts are kept encoded. */
    public boolean inMemory() {
        return kept.isPresent();
    }

    /** Prompts of a task. */
    int size(int task) {
        return texts.get(task).size();
    }

    /**
     * Puts conditions together.
     *
     * @param tasks [G] which
     * @param prompts [G][N] which of each task's
     */
    ConditionTensors conditions(int[] tasks, int[][] prompts) {
        int groups = tasks.length;
        int count = prompts[0].length;
        ConditionTensors flat = kept.isPresent() ? selected(kept.get(), tasks, prompts) : encoded(tasks, prompts);
        return new ConditionTensors(
                flat.states().view(groups, count, length, encoder.width()),
                flat.mask().view(groups, count, length));
    }

    private ConditionTensors selected(Kept all, int[] tasks, int[][] prompts) {
        long[] places = new long[tasks.length * prompts[0].length];
        for (int g = 0, at = 0; g < tasks.length; g++) {
            for (int prompt : prompts[g]) {
                places[at++] = first[tasks[g]] + prompt;
            }
        }
        Tensor index = Tensors.of(places, device, places.length);
        return new ConditionTensors(
                all.states().index_select(0, index), all.mask().index_select(0, index));
    }

    private ConditionTensors encoded(int[] tasks, int[][] prompts) {
        List<String> drawn = new ArrayList<>();
        for (int g = 0; g < tasks.length; g++) {
            List<String> task = texts.get(tasks[g]);
            Arrays.stream(prompts[g]).mapToObj(task::get).forEach(drawn::add);
        }
        return encode(drawn);
    }

    /** @throws InvalidInputException when the encoder's states are not as wide as a generator expects them */
    void requireWidth(int channels) {
        if (encoder.width() != channels) {
            throw new InvalidInputException(
                    "<encoder>",
                    "hidden_size",
                    "is " + encoder.width() + ", but the generator reads " + channels
                            + " channels; choose the encoder that belongs to it");
        }
    }

    @Override
    public void close() {
        kept.ifPresent(all -> {
            Tensors.release(all.states());
            Tensors.release(all.mask());
        });
    }
}
