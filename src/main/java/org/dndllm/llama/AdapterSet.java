package org.dndllm.llama;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Adapters and their scales: an immutable value, what a context computes with and what its KV cache belongs to. Two sets
 * are equal when they hold the same adapters (by generation, not by name) at the same scales.
 */
public final class AdapterSet {
    /** The base model alone. */
    public static final AdapterSet EMPTY = new AdapterSet(List.of());

    private final List<Entry> entries;

    private AdapterSet(List<Entry> entries) {
        this.entries = entries;
    }

    /**
     * An adapter at a scale.
     *
     * @param scale factor on top of the adapter's own alpha / rank; finite; 0 switches it off
     */
    public record Entry(LoraAdapter adapter, float scale) {
        public Entry {
            if (Float.isFinite(scale) == false) {
                throw new IllegalArgumentException(
                        "scale of adapter \"" + adapter.name() + "\" is " + scale + "; expected a finite number");
            }
            // -0.0 and 0.0 mean the same and must compare equal
            scale = scale == 0f ? 0f : scale;
        }
    }

    /** One adapter at scale 1. */
    public static AdapterSet of(LoraAdapter adapter) {
        return of(adapter, 1f);
    }

    /** One adapter. */
    public static AdapterSet of(LoraAdapter adapter, float scale) {
        return of(List.of(new Entry(adapter, scale)));
    }

    /**
     * A blend.
     *
     * @throws IllegalArgumentException if an adapter occurs twice, or adapters of different models are mixed
     */
    public static AdapterSet of(List<Entry> entries) {
        if (entries.isEmpty()) {
            return EMPTY;
        }
        Set<Long> seen = new HashSet<>();
        LlamaModel model = entries.getFirst().adapter().model();
        for (Entry entry : entries) {
            if (seen.add(entry.adapter().generation()) == false) {
                throw new IllegalArgumentException(
                        "adapter \"" + entry.adapter().name()
                                + "\" occurs twice in one set; give it once with the sum of the scales");
            }
            if (entry.adapter().model() != model) {
                throw new IllegalArgumentException("adapters \""
                        + entries.getFirst().adapter().name() + "\" and \""
                        + entry.adapter().name() + "\" belong to different models");
            }
        }
        List<Entry> sorted = new ArrayList<>(entries);
        sorted.sort(Comparator.comparingLong(entry -> entry.adapter().generation()));
        return new AdapterSet(List.copyOf(sorted));
    }

    /** Adapters and scales, by generation. */
    public List<Entry> entries() {
        return entries;
    }

    /** Whether this is the base model alone. */
    public boolean isEmpty() {
        return entries.isEmpty();
    }

    boolean contains(LoraAdapter adapter) {
        return entries.stream().anyMatch(entry -> entry.adapter() == adapter);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof AdapterSet set && entries.equals(set.entries);
    }

    @Override
    public int hashCode() {
        return entries.hashCode();
    }

    @Override
    public String toString() {
        return entries.stream()
                .map(entry -> entry.adapter().name() + ":" + entry.scale())
                .collect(Collectors.joining(", ", "[", "]"));
    }
}
