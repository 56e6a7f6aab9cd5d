package org.dndllm.serve.schedule;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Which sequences of a context hold which tokens: those that run, with the positions reserved for them, and those that are
 * kept after their end because a later prompt may begin alike. Plans; the caller carries the plan out on the context.
 *
 * <p>Running and kept ones together have as many positions as the context, though the kept ones lie beside it
 * ({@link ParkedSequences}): that bounds their memory. Room is counted as if no cells were shared, so a plan never fails in
 * llama.cpp. One thread at a time.
 */
final class SequenceTable {
    private static final int NONE = -1;

    private final int positions;
    private final int shortest; // tokens of a sequence that is worth keeping
    private final Slot[] slots; // by sequence
    private long clock;

    private static final class Slot {
        private int[] tokens = new int[0];
        private int length; // tokens that are in the KV cache
        private int reserved; // positions, while it runs
        private boolean running;
        private long lastUsed;

        private boolean isFree() {
            return !running && length == 0;
        }

        private boolean isKept() {
            return !running && length > 0;
        }

        private int room() {
            return running ? reserved : length;
        }
    }

    /**
     * What to do before a prompt runs: forget sequences, then share a beginning.
     *
     * @param sequence where it will run
     * @param evicted sequences to forget first
     * @param source sequence to copy from; equal to {@code sequence} when that one is cut and goes on
     * @param reused tokens of the prompt that need not be computed
     */
    record Plan(int sequence, List<Integer> evicted, int source, int reused) {}

    /**
     * What becomes of a sequence at its end.
     *
     * @param kept whether it is worth keeping
     * @param needless kept ones that begin it, which it can stand for from now on
     */
    record End(boolean kept, List<Integer> needless) {}

    /** @param shortest tokens of a finished sequence that is kept */
    SequenceTable(int sequences, int positions, int shortest) {
        this.positions = positions;
        this.shortest = shortest;
        slots = new Slot[sequences];
        for (int i = 0; i < sequences; i++) {
            slots[i] = new Slot();
        }
    }

    /**
     * A place for a prompt, or nothing while running ones leave no room. At least the prompt's last token is left to
     * compute, because its logits are wanted.
     *
     * @param needed positions for prompt and answer
     * @param reuse whether a known beginning may be taken over
     */
    Optional<Plan> place(int[] prompt, int needed, boolean reuse) {
        int running = Arrays.stream(slots)
                .filter(slot -> slot.running)
                .mapToInt(Slot::room)
                .sum();
        boolean anyIdle = Arrays.stream(slots).anyMatch(slot -> !slot.running);
        if (!anyIdle || running + needed > positions) {
            return Optional.empty();
        }
        int best = reuse ? longestBeginning(prompt) : NONE;
        int reused = best == NONE ? 0 : beginning(slots[best], prompt);
        List<Integer> evicted = new ArrayList<>();
        while (!fits(needed)) {
            int victim = leastRecentlyKept(best);
            if (victim == NONE) { // only the best one is left to give way: it is cut and goes on itself
                return Optional.of(start(best, prompt, needed, new Plan(best, evicted, best, reused)));
            }
            forget(victim);
            evicted.add(victim);
        }
        int target = firstFree();
        int source = reused == 0 ? target : best;
        return Optional.of(start(target, prompt, needed, new Plan(target, evicted, source, reused)));
    }

    private Plan start(int sequence, int[] prompt, int needed, Plan plan) {
        if (plan.reused() > 0) {
            slots[plan.source()].lastUsed = ++clock;
        }
        Slot slot = slots[sequence];
        slot.tokens = Arrays.copyOf(prompt, needed);
        slot.length = plan.reused();
        slot.reserved = needed;
        slot.running = true;
        return plan;
    }

    /** A running sequence's KV cache grew by a token of its prompt or answer. */
    void append(int sequence, int token) {
        Slot slot = slots[sequence];
        slot.tokens[slot.length++] = token;
    }

    /** A running sequence ended. It is not kept where it is too short, or where a kept one begins with all of it. */
    End end(int sequence) {
        Slot slot = slots[sequence];
        slot.running = false;
        for (int i = 0; i < slots.length; i++) {
            if (i != sequence && slots[i].isKept() && begins(slot, slots[i])) {
                slots[i].lastUsed = ++clock;
                forget(sequence);
                return new End(false, List.of());
            }
        }
        if (slot.length < shortest) {
            forget(sequence);
            return new End(false, List.of());
        }
        slot.lastUsed = ++clock;
        List<Integer> needless = new ArrayList<>();
        for (int i = 0; i < slots.length; i++) {
            if (i != sequence && slots[i].isKept() && begins(slots[i], slot)) {
                forget(i);
                needless.add(i);
            }
        }
        return new End(true, needless);
    }

    private static boolean begins(Slot part, Slot whole) {
        return part.length <= whole.length
                && Arrays.mismatch(part.tokens, 0, part.length, whole.tokens, 0, part.length) < 0;
    }

    /** A sequence is gone. */
    void forget(int sequence) {
        slots[sequence] = new Slot();
    }

    /** All are gone. */
    void clear() {
        for (int i = 0; i < slots.length; i++) {
            forget(i);
        }
    }

    private boolean fits(int needed) {
        int used = Arrays.stream(slots).mapToInt(Slot::room).sum();
        return used + needed <= positions && firstFree() != NONE;
    }

    private int firstFree() {
        for (int i = 0; i < slots.length; i++) {
            if (slots[i].isFree()) {
                return i;
            }
        }
        return NONE;
    }

    private int leastRecentlyKept(int except) {
        int victim = NONE;
        for (int i = 0; i < slots.length; i++) {
            if (i != except && slots[i].isKept() && (victim == NONE || slots[i].lastUsed < slots[victim].lastUsed)) {
                victim = i;
            }
        }
        return victim;
    }

    private int longestBeginning(int[] prompt) {
        int best = NONE;
        int longest = 0;
        for (int i = 0; i < slots.length; i++) {
            int length = beginning(slots[i], prompt);
            if (length > longest) {
                longest = length;
                best = i;
            }
        }
        return best;
    }

    private static int beginning(Slot slot, int[] prompt) {
        int limit = Math.min(slot.length, prompt.length - 1);
        int mismatch = Arrays.mismatch(slot.tokens, 0, limit, prompt, 0, limit);
        return mismatch < 0 ? limit : mismatch;
    }
}
