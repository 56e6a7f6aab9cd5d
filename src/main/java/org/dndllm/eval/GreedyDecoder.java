package org.dndllm.eval;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.LlamaBatch;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.Vocabulary;

/**
 * Answers many prompts at once, greedily, over the sequences of one context: what all prompts begin with (system message,
 * demonstrations) is computed once and shared, the rest advances side by side, one token of every answer per batch.
 * Uses the context's attached adapters; leaves the KV cache empty.
 */
public final class GreedyDecoder {
    /** Holds the shared beginning; answers grow in the sequences above. */
    private static final int SHARED = 0;

    /** No token. */
    static final int NONE = -1;

    private final LlamaContext context;
    private final int sequences;
    private final int positions;
    private final int maxTokens;

    /**
     * @param sequences of the context, at least 2
     * @param positions that one prompt with its answer may take, at most the context's length
     * @param maxTokens longest answer
     */
    GreedyDecoder(LlamaContext context, int sequences, int positions, int maxTokens) {
        this.context = context;
        this.sequences = sequences;
        this.positions = positions;
        this.maxTokens = maxTokens;
    }

    /** Positions that one prompt with its answer may take. */
    int positions() {
        return positions;
    }

    /** The longest answer in tokens. */
    int maxTokens() {
        return maxTokens;
    }

    /** One answer in the making. */
    private static final class Lane {
        private final int sequence;
        private final int[] prompt;
        private final int[] answer;
        private int length; // tokens of the answer so far
        private int next = NONE; // token to append before the answer can go on

        private int[] answer() {
            return Arrays.copyOf(answer, length);
        }

        private Lane(int sequence, int[] prompt, int maxTokens) {
            this.sequence = sequence;
            this.prompt = prompt;
            answer = new int[maxTokens];
        }
    }

    /** As {@link #answerTokens}, as text; bytes that are no UTF-8 become U+FFFD. */
    public List<String> answer(List<int[]> prompts, String stage, Progress progress) {
        Vocabulary vocabulary = context.model().vocabulary();
        return answerTokens(prompts, stage, progress).stream()
                .map(tokens -> vocabulary.detokenize(tokens, false))
                .toList();
    }

    /**
     * Answers without their end marks, in the order of the prompts.
     *
     * @param prompts token ids, none empty
     * @throws InvalidInputException if a prompt with its answer is longer than the context
     */
    List<int[]> answerTokens(List<int[]> prompts, String stage, Progress progress) {
        for (int i = 0; i < prompts.size(); i++) {
            requireRoom(prompts.get(i), i);
        }
        return context.onNativeThread(() -> answerAll(prompts, stage, progress));
    }

    private List<int[]> answerAll(List<int[]> prompts, String stage, Progress progress) {
        int shared = sharedLength(prompts);
        context.clear();
        if (shared > 0) {
            context.decode(Arrays.copyOf(prompts.getFirst(), shared), SHARED, CancelToken.create());
        }
        List<int[]> answers = new ArrayList<>(prompts.size());
        while (answers.size() < prompts.size()) {
            progress.advanced(stage, answers.size(), prompts.size());
            List<Lane> lanes = fill(prompts, answers.size(), shared);
            run(lanes, shared);
            for (Lane lane : lanes) {
                answers.add(lane.answer());
                context.remove(lane.sequence);
            }
        }
        progress.advanced(stage, prompts.size(), prompts.size());
        context.clear();
        return answers;
    }

    private void requireRoom(int[] prompt, int index) {
        if (prompt.length + maxTokens > positions) {
            throw new InvalidInputException(
                    "item " + (index + 1),
                    "prompt",
                    "has " + prompt.length + " tokens; with an answer of " + maxTokens
                            + " it does not fit into " + positions
                            + " positions; allow a longer context, a shorter answer or fewer demonstrations");
        }
    }

    /** Tokens that all prompts begin with; at least one token of each is left, because its logits are wanted. */
    private static int sharedLength(List<int[]> prompts) {
        if (prompts.size() < 2) {
            return 0;
        }
        int[] first = prompts.getFirst();
        int shared = first.length - 1;
        for (int[] prompt : prompts) {
            int mismatch = Arrays.mismatch(first, prompt);
            int alike = mismatch < 0 ? prompt.length : mismatch;
            shared = Math.min(shared, Math.min(alike, prompt.length - 1));
        }
        return shared;
    }

    /** As many prompts as there are sequences and room for. */
    private List<Lane> fill(List<int[]> prompts, int from, int shared) {
        List<Lane> lanes = new ArrayList<>();
        int used = shared;
        for (int i = from; i < prompts.size() && lanes.size() < sequences - 1; i++) {
            used += prompts.get(i).length - shared + maxTokens;
            if (used > context.contextLength()) {
                break; // never at the first: requireRoom saw to that
            }
            Lane lane = new Lane(lanes.size() + 1, prompts.get(i), maxTokens);
            if (shared > 0) {
                context.copy(SHARED, lane.sequence);
            }
            lanes.add(lane);
        }
        return lanes;
    }

    private void run(List<Lane> lanes, int shared) {
        LlamaBatch batch = LlamaBatch.create(context.batchSize());
        List<Lane> asking = new ArrayList<>(); // whose logits the batch brings, in the order of its outputs
        List<Integer> outputs = new ArrayList<>();
        for (Lane lane : lanes) {
            for (int at = shared; at < lane.prompt.length; at++) {
                boolean last = at == lane.prompt.length - 1;
                int index = batch.add(lane.prompt[at], at, lane.sequence, last);
                if (last) {
                    asking.add(lane);
                    outputs.add(index);
                }
                if (batch.size() == batch.capacity()) {
                    decode(batch, asking, outputs);
                }
            }
        }
        decode(batch, asking, outputs);
        List<Lane> active = advancing(lanes);
        while (!active.isEmpty()) {
            for (Lane lane : active) {
                asking.add(lane);
                outputs.add(batch.add(lane.next, context.length(lane.sequence), lane.sequence, true));
                if (batch.size() == batch.capacity()) {
                    decode(batch, asking, outputs);
                }
            }
            decode(batch, asking, outputs);
            active = advancing(active);
        }
    }

    private static List<Lane> advancing(List<Lane> lanes) {
        return lanes.stream().filter(lane -> lane.next != NONE).toList();
    }

    private void decode(LlamaBatch batch, List<Lane> asking, List<Integer> outputs) {
        if (batch.size() == 0) {
            return;
        }
        context.decode(batch);
        for (int i = 0; i < asking.size(); i++) {
            advance(asking.get(i), outputs.get(i));
        }
        batch.clear();
        asking.clear();
        outputs.clear();
    }

    private void advance(Lane lane, int output) {
        int token = context.withLogits(output, GreedyDecoder::highest);
        boolean ended = token == NONE || context.model().vocabulary().isEndOfGeneration(token);
        if (!ended) {
            lane.answer[lane.length++] = token;
        }
        lane.next = ended || lane.length == maxTokens ? NONE : token;
    }

    /**
     * The token with the highest logit, the lowest id among equals; {@link #NONE} when the logits are not
     * numbers: an adapter with absurd weights answers nothing, which is wrong, and the evaluation goes on.
     */
    static int highest(MemorySegment logits) {
        int size = (int) (logits.byteSize() / Float.BYTES);
        int best = NONE;
        float highest = Float.NEGATIVE_INFINITY;
        for (int token = 0; token < size; token++) {
            float logit = logits.getAtIndex(ValueLayout.JAVA_FLOAT, token);
            if (logit > highest) {
                highest = logit;
                best = token;
            }
        }
        return best;
    }
}
