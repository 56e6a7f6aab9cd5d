package org.dndllm.llama;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;

/**
 * Java's book of the KV cache: how many positions each sequence holds. Every batch is checked against it before llama.cpp
 * sees it. Positions of a sequence are 0, 1, 2... without gaps; the tokens of an image share positions.
 */
final class SequenceLedger {
    private final String context;
    private final int limit;
    private final int[] lengths; // [sequences]
    private final int[] planned; // [sequences] lengths after the batch under check
    private final int[] surplus; // [sequences] cells beyond positions: an image has more tokens than positions
    private final int[] pictured; // [sequences] positions up to the end of the last prompt with images
    private boolean plannedImages; // whether the plan is about a prompt with images
    private int plannedSurplus; // of the sequence that the plan is about
    private boolean shared;
    private boolean written; // since the last clear, whoever removed it meanwhile

    SequenceLedger(String context, int sequences, int limit) {
        this.context = context;
        this.limit = limit;
        lengths = new int[sequences];
        planned = new int[sequences];
        surplus = new int[sequences];
        pictured = new int[sequences];
    }

    int length(int sequence) {
        return lengths[require(sequence)];
    }

    int require(int sequence) {
        if (sequence < 0 || sequence >= lengths.length) {
            throw new InvalidInputException(
                    context, "sequence", sequence + " given, expected 0 to " + (lengths.length - 1));
        }
        return sequence;
    }

    /** Checks sequences, positions and room; nothing changes until {@link #commit}. */
    void plan(LlamaBatch batch) {
        begin();
        for (int i = 0; i < batch.size(); i++) {
            int sequence = require(batch.sequence(i));
            if (batch.position(i) != planned[sequence]) {
                throw new InvalidInputException(
                        context,
                        "position of token " + i,
                        batch.position(i) + " given, but sequence " + sequence + " goes on at " + planned[sequence]);
            }
            planned[sequence]++;
        }
        requireRoom(batch.size());
    }

    /** The same for one token at the end of a sequence; returns its position. */
    int planOne(int sequence) {
        require(sequence);
        begin();
        requireRoom(1);
        return planned[sequence]++;
    }

    /** The same for {@code cells} tokens at the end of a sequence that take no more than {@code positions} positions. */
    void planPrompt(int sequence, int positions, int cells) {
        require(sequence);
        begin();
        requireRoom(cells);
        planned[sequence] += positions;
        plannedSurplus = cells - positions;
        plannedImages = true;
    }

    private void begin() {
        System.arraycopy(lengths, 0, planned, 0, lengths.length);
        plannedSurplus = 0;
        plannedImages = false;
    }

    private void requireRoom(int needed) {
        if (needed > free()) {
            throw full(needed);
        }
        written = true; // also by a batch that fails halfway
    }

    /** The complaint that {@code needed} positions do not fit. */
    ContextFullException full(int needed) {
        return new ContextFullException(context, needed, free(), limit);
    }

    /**
     * Positions left over all sequences. Copied sequences share cells, which are then counted for one sequence only: an
     * upper bound, and llama.cpp has the last word.
     */
    int free() {
        IntStream cells = IntStream.range(0, lengths.length).map(sequence -> lengths[sequence] + surplus[sequence]);
        return limit - (shared ? cells.max().orElse(0) : cells.sum());
    }

    void commit() {
        for (int sequence = 0; plannedImages && sequence < lengths.length; sequence++) {
            if (touched(sequence)) {
                surplus[sequence] += plannedSurplus;
                pictured[sequence] = planned[sequence];
            }
        }
        System.arraycopy(planned, 0, lengths, 0, lengths.length);
    }

    /** Whether the planned batch touched {@code sequence}. */
    boolean touched(int sequence) {
        return planned[sequence] != lengths[sequence];
    }

    /**
     * Refuses a cut through a prompt with images, or before it: llama.cpp has all tokens of an image at its first position and
     * would keep them, so what follows would get positions that are taken.
     */
    void requireWholeImages(int sequence, int length) {
        if (length > 0 && length < pictured[sequence]) {
            throw new InvalidInputException(
                    context,
                    "length",
                    length + " given, but sequence " + sequence + " begins with a prompt with images of "
                            + pictured[sequence] + " positions; keep all of them or none");
        }
    }

    void truncate(int sequence, int length) {
        lengths[sequence] = length;
        if (length == 0) {
            surplus[sequence] = 0;
            pictured[sequence] = 0;
        }
        forgetSharing();
    }

    void copy(int from, int to) {
        lengths[to] = lengths[from];
        surplus[to] = surplus[from];
        pictured[to] = pictured[from];
        shared = true;
    }

    /** An empty sequence got {@code length} positions of its own. */
    void restore(int sequence, int length) {
        lengths[sequence] = length;
        written = true;
    }

    void keepOnly(int sequence) {
        int kept = lengths[sequence];
        int keptSurplus = surplus[sequence];
        int keptPictured = pictured[sequence];
        fillWithNothing();
        lengths[sequence] = kept;
        surplus[sequence] = keptSurplus;
        pictured[sequence] = keptPictured;
        forgetSharing();
    }

    void clear() {
        fillWithNothing();
        forgetSharing();
        written = false;
    }

    private void fillWithNothing() {
        Arrays.fill(lengths, 0);
        Arrays.fill(surplus, 0);
        Arrays.fill(pictured, 0);
    }

    private void forgetSharing() {
        shared &= Arrays.stream(lengths).filter(length -> length > 0).count() > 1;
    }

    int sequences() {
        return lengths.length;
    }

    /** Whether no cell was written since the last {@link #clear}. Sequences that were removed leave theirs as they are. */
    boolean isUntouched() {
        return !written;
    }
}
