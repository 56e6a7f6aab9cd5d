package org.dndllm.cli;

import java.util.Arrays;
import org.dndllm.llama.LlamaContext;

/** The greedy loop of the measurements; its protocol stands in native/bench/decode_loop.c. */
final class DecodeLoop {
    private DecodeLoop() {}

    /**
     * One run of a loop.
     *
     * @param cpuPerToken CPU time of the loop's thread for each generated token, milliseconds
     * @param checksum of what was generated; equal ones mean equal work
     */
    record Run(double promptMillis, double cpuPerToken, double wallPerToken, int checksum) {}

    /** A prompt of that many tokens, the same for every vocabulary of that size. */
    static int[] prompt(int vocabulary, int length) {
        int[] ids = new int[length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = (int) ((i * 7919L + 13) % vocabulary);
        }
        return ids;
    }

    /** Runs on the native thread: with one thread, its CPU time is the loop's. */
    static Run run(LlamaContext context, int[] prompt, int tokens) {
        return context.onNativeThread(() -> loop(context, prompt, tokens));
    }

    private static Run loop(LlamaContext context, int[] prompt, int tokens) {
        context.clear();
        long promptStart = System.nanoTime();
        context.decode(prompt);
        long start = System.nanoTime();
        double cpu = Machine.threadCpuMillis();
        int[] ids = new int[tokens];
        for (int i = 0; i < tokens; i++) {
            ids[i] = context.argmax();
            context.decodeToken(ids[i]);
        }
        double cpuMillis = Machine.threadCpuMillis() - cpu;
        double wall = (System.nanoTime() - start) / 1e6;
        return new Run((start - promptStart) / 1e6, cpuMillis / tokens, wall / tokens, Arrays.hashCode(ids));
    }
}
