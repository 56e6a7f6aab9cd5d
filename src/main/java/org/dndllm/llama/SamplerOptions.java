package org.dndllm.llama;

import org.dndllm.InvalidInputException;

/**
 * How the next token is chosen. Steps run in this order: grammar, penalties, top-k, top-p, min-p, temperature, choice.
 *
 * @param temperature 0 takes the most likely token (greedy) and ignores top-k, top-p, min-p and seed
 * @param topK only the k most likely; 0 for all
 * @param topP only the most likely ones that make up this probability; 1 for all
 * @param minP only those with at least this share of the highest probability; 0 for all
 * @param seed of the choice; the same seed, model and input give the same tokens
 * @param repeatPenalty above 1 makes the last {@code penaltyWindow} tokens less likely; 1 for off
 * @param frequencyPenalty subtracted per occurrence in that window; 0 for off
 * @param presencePenalty subtracted once for what occurs in that window; 0 for off
 * @param penaltyWindow tokens that penalties look back
 * @param grammar GBNF grammar with a rule {@code root}; empty for none
 */
public record SamplerOptions(
        float temperature,
        int topK,
        float topP,
        float minP,
        int seed,
        float repeatPenalty,
        float frequencyPenalty,
        float presencePenalty,
        int penaltyWindow,
        String grammar) {
    /** The most likely token. */
    public static final SamplerOptions GREEDY = new SamplerOptions(0f, 0, 1f, 0f, 0, 1f, 0f, 0f, 64, "");

    public SamplerOptions {
        require(temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "0 or more");
        require(topK >= 0, "topK", topK, "0 for all, or more");
        require(topP > 0 && topP <= 1, "topP", topP, "more than 0, up to 1");
        require(minP >= 0 && minP <= 1, "minP", minP, "0 to 1");
        require(repeatPenalty > 0 && Float.isFinite(repeatPenalty), "repeatPenalty", repeatPenalty, "more than 0");
        require(Float.isFinite(frequencyPenalty), "frequencyPenalty", frequencyPenalty, "a finite number");
        require(Float.isFinite(presencePenalty), "presencePenalty", presencePenalty, "a finite number");
        require(penaltyWindow >= 0 && penaltyWindow <= 1 << 16, "penaltyWindow", penaltyWindow, "0 to 65536");
        require(grammar.indexOf('\0') < 0, "grammar", 0, "no NUL character");
    }

    private static void require(boolean holds, String field, Number value, String expected) {
        if (holds == false) {
            throw new InvalidInputException("sampler options", field, value + " given, expected " + expected);
        }
    }

    /** Sampling at a temperature with Qwen2.5's usual top-p and top-k. */
    public static SamplerOptions of(float temperature, int seed) {
        return new SamplerOptions(temperature, 20, 0.8f, 0f, seed, 1f, 0f, 0f, 64, "");
    }

    /** As this, within a grammar. */
    public SamplerOptions withGrammar(String gbnf) {
        return new SamplerOptions(
                temperature,
                topK,
                topP,
                minP,
                seed,
                repeatPenalty,
                frequencyPenalty,
                presencePenalty,
                penaltyWindow,
                gbnf);
    }

    /** Whether the choice is the highest logit and nothing else. */
    public boolean isGreedy() {
        return temperature == 0 && !hasPenalties() && grammar.isEmpty();
    }

    boolean hasPenalties() {
        return penaltyWindow > 0 && (repeatPenalty != 1f || frequencyPenalty != 0f || presencePenalty != 0f);
    }
}
