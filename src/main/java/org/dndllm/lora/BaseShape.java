package org.dndllm.lora;

import java.nio.file.Path;
import java.util.Arrays;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgufFile;

/**
 * The measures of a base model that decide the names and shapes of every adapter for it.
 *
 * @param architecture as llama.cpp calls it: {@code qwen2}, or {@code qwen2vl} for the language part of Qwen2.5-VL
 * @param layers number of blocks
 * @param hidden features of the residual stream
 * @param heads attention heads
 * @param kvHeads key and value heads; divides {@code heads}
 * @param headDim features of one head
 * @param intermediate features between the MLP's projections
 * @param vocab rows of the embedding (with the padding that some sizes have)
 * @param tiedEmbeddings whether the output projection is the embedding itself
 */
public record BaseShape(
        String architecture,
        int layers,
        int hidden,
        int heads,
        int kvHeads,
        int headDim,
        int intermediate,
        int vocab,
        boolean tiedEmbeddings) {

    /** The architecture of Qwen2 and Qwen2.5 language models. */
    public static final String QWEN2 = "qwen2";
    /** The architecture of the language part of Qwen2-VL and Qwen2.5-VL. */
    public static final String QWEN2_VL = "qwen2vl";

    /** Qwen2.5-0.5B. This and the following: {@code config.json} as published by Qwen. */
    public static final BaseShape QWEN2_5_0_5B = new BaseShape(QWEN2, 24, 896, 14, 2, 64, 4864, 151_936, true);
    /** Qwen2.5-1.5B. */
    public static final BaseShape QWEN2_5_1_5B = new BaseShape(QWEN2, 28, 1536, 12, 2, 128, 8960, 151_936, true);
    /** Qwen2.5-3B. */
    public static final BaseShape QWEN2_5_3B = new BaseShape(QWEN2, 36, 2048, 16, 2, 128, 11_008, 151_936, true);
    /** Qwen2.5-7B. */
    public static final BaseShape QWEN2_5_7B = new BaseShape(QWEN2, 28, 3584, 28, 4, 128, 18_944, 152_064, false);
    /** Qwen2.5-14B. */
    public static final BaseShape QWEN2_5_14B = new BaseShape(QWEN2, 48, 5120, 40, 8, 128, 13_824, 152_064, false);
    /** Qwen2.5-32B. */
    public static final BaseShape QWEN2_5_32B = new BaseShape(QWEN2, 64, 5120, 40, 8, 128, 27_648, 152_064, false);
    /** Qwen2.5-72B. */
    public static final BaseShape QWEN2_5_72B = new BaseShape(QWEN2, 80, 8192, 64, 8, 128, 29_568, 152_064, false);
    /** The language part of Qwen2.5-VL-3B. */
    public static final BaseShape VL_3B = new BaseShape(QWEN2_VL, 36, 2048, 16, 2, 128, 11_008, 151_936, true);

    private static final String SOURCE = "base model shape";
    /** Above every published model; keeps each product of two measures within an int. */
    static final int MOST_FEATURES = 1 << 20;

    static final int MOST_LAYERS = 512; // llama.cpp: LLAMA_MAX_LAYERS

    static final int MOST_TOKENS = 1 << 24;

    /** Checks every measure; an impossible one is an {@link InvalidInputException} that names it. */
    public BaseShape {
        if (!architecture.equals(QWEN2) && !architecture.equals(QWEN2_VL)) {
            throw bad(
                    "architecture",
                    "'" + architecture + "' is not supported; expected qwen2 or qwen2vl (Qwen2 and Qwen2.5)");
        }
        inRange("layers", layers, MOST_LAYERS);
        inRange("hidden", hidden, MOST_FEATURES);
        inRange("heads", heads, MOST_FEATURES);
        inRange("kvHeads", kvHeads, heads);
        inRange("headDim", headDim, MOST_FEATURES);
        inRange("intermediate", intermediate, MOST_FEATURES);
        inRange("vocab", vocab, MOST_TOKENS);
        if (heads % kvHeads != 0) {
            throw bad("kvHeads", kvHeads + " does not divide the " + heads + " heads; expected a divisor");
        }
        if ((long) heads * headDim > MOST_FEATURES) {
            throw bad("headDim", heads + " heads of " + headDim + " features are more than " + MOST_FEATURES);
        }
    }

    /**
     * The shape of a qwen2 or qwen2vl model, from its metadata and tensor table; tied when it has no {@code
     * output.weight}.
     *
     * @throws InvalidInputException naming the key that is missing or out of range
     */
    public static BaseShape fromGguf(GgufFile model) {
        return BaseShapeReader.fromGguf(model);
    }

    /**
     * The shape from a Hugging Face {@code config.json} of type qwen2 or qwen2_5_vl (its text part).
     *
     * @throws InvalidInputException naming the field that is missing or out of range
     */
    public static BaseShape fromConfigJson(Path configJson) {
        return BaseShapeReader.fromConfigJson(configJson);
    }

    /** Input features of a module: columns of its weight and of an adapter's A. */
    public int in(TargetModule module) {
        return switch (module) {
            case Q_PROJ, K_PROJ, V_PROJ, UP_PROJ, GATE_PROJ -> hidden;
            case O_PROJ -> heads * headDim;
            case DOWN_PROJ -> intermediate;
        };
    }

    /** Output features of a module: rows of its weight and of an adapter's B. */
    public int out(TargetModule module) {
        return switch (module) {
            case Q_PROJ -> heads * headDim;
            case K_PROJ, V_PROJ -> kvHeads * headDim;
            case UP_PROJ, GATE_PROJ -> intermediate;
            case O_PROJ, DOWN_PROJ -> hidden;
        };
    }

    /**
     * Whether every adapter for the other model fits this one: same architecture, layers, heads and module shapes. Vocabulary
     * and output projection may differ: no target module sees them.
     */
    public boolean takesAdaptersOf(BaseShape other) {
        return architecture.equals(other.architecture)
                && layers == other.layers
                && heads == other.heads
                && kvHeads == other.kvHeads
                && headDim == other.headDim
                && Arrays.stream(TargetModule.values())
                        .allMatch(module -> in(module) == other.in(module) && out(module) == other.out(module));
    }

    private static void inRange(String field, int value, int most) {
        if (value < 1 || value > most) {
            throw bad(field, value + " is out of range; expected 1 to " + most);
        }
    }

    private static InvalidInputException bad(String field, String problem) {
        return new InvalidInputException(SOURCE, field, problem);
    }
}
