package org.dndllm.serve.adapter;

import org.dndllm.InvalidInputException;

/**
 * What the server takes.
 *
 * @param adapters loaded at once
 * @param rank of an adapter
 * @param bytes of an adapter's file
 */
public record AdapterLimits(int adapters, int rank, long bytes) {
    public AdapterLimits {
        if (adapters < 1 || rank < 1 || bytes < 1) {
            throw new InvalidInputException(
                    "adapter limits",
                    "adapters, rank, bytes",
                    "must be at least 1: " + adapters + ", " + rank + ", " + bytes);
        }
    }
}
