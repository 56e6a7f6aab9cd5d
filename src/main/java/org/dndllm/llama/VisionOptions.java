package org.dndllm.llama;

import org.dndllm.InvalidInputException;

/**
 * How images are read.
 *
 * @param threads threads for the image encoder; 0 for {@link ContextOptions#defaultThreads}
 * @param imageTokens tokens that one image becomes at most, {@value #LEAST} to {@value #MOST}; larger images are scaled down.
 *     Of Qwen2.5-VL, a token is 28 x 28 pixels. The encoder's memory grows with the square: 64 MiB for {@value #DEFAULT_TOKENS}
 *     tokens, 1 GiB for {@value #MOST}, for its attention mask alone
 */
public record VisionOptions(int threads, int imageTokens) {
    /** From here on no image of a permitted shape is scaled beyond its limit. */
    static final int LEAST = 256;
    /** llama.cpp's own limit for Qwen-VL. */
    static final int MOST = 4096;
    /** Unless another number is asked for. */
    public static final int DEFAULT_TOKENS = 1024;

    /** The default number of threads and tokens. */
    public static final VisionOptions DEFAULT = new VisionOptions(0, DEFAULT_TOKENS);

    public VisionOptions {
        require(threads >= 0 && threads <= 512, "threads", threads, "0 for the default, or 1 to 512");
        require(imageTokens >= LEAST && imageTokens <= MOST, "imageTokens", imageTokens, LEAST + " to " + MOST);
    }

    private static void require(boolean holds, String field, int value, String expected) {
        if (holds == false) {
            throw new InvalidInputException("vision options", field, value + " given, expected " + expected);
        }
    }

    int effectiveThreads() {
        return threads == 0 ? ContextOptions.defaultThreads() : threads;
    }
}
