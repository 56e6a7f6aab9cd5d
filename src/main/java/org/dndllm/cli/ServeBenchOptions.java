package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.llama.ContextOptions;

/**
 * What {@code dnd bench serve} measures with.
 *
 * @param base model file
 * @param generators bundles whose adapters may come and go under load; may be none
 * @param threads of every engine
 * @param tokens longest answer
 * @param rounds measured rounds of each part
 * @param streams clients at once
 * @param cycles adapters that come and go under load
 * @param llamaServer llama.cpp's server to compare with
 */
record ServeBenchOptions(
        Path base,
        List<Path> generators,
        int threads,
        int tokens,
        int rounds,
        int streams,
        int cycles,
        Optional<Path> llamaServer) {
    /** Positions that a question may take beside its answer. */
    static final int QUESTION = 64;

    /** Positions of a context: every stream's request and a kept one of the same size. */
    int positions() {
        return 2 * streams * (tokens + QUESTION);
    }

    /** Positions count over all sequences, so they may exceed what the model was trained for; an answer never does. */
    ContextOptions context() {
        ContextOptions plain = ContextOptions.DEFAULT;
        return new ContextOptions(
                positions(),
                true,
                plain.batch(),
                plain.microBatch(),
                threads,
                plain.sequences(),
                plain.maxOutputs(),
                plain.embeddings(),
                plain.flashAttention());
    }
}
