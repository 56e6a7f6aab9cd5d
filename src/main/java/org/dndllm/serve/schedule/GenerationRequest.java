package org.dndllm.serve.schedule;

import java.util.List;
import java.util.OptionalInt;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.SamplerOptions;

/**
 * What to generate.
 *
 * @param adapters the set to compute with; its adapters stay open until the generation has ended
 * @param prompt token ids, at least one
 * @param maxTokens longest answer; 0 only reads the prompt
 * @param sampling how tokens are chosen
 * @param stops texts that end the answer and do not appear in it
 * @param logprobs how many alternatives to report beside each token; empty for no log-probabilities at all
 * @param promptLogprobs whether the prompt's tokens get them too
 */
public record GenerationRequest(
        AdapterSet adapters,
        int[] prompt,
        int maxTokens,
        SamplerOptions sampling,
        List<String> stops,
        OptionalInt logprobs,
        boolean promptLogprobs) {

    public GenerationRequest {
        prompt = prompt.clone();
        stops = List.copyOf(stops);
        if (prompt.length == 0) {
            throw new InvalidInputException("request", "prompt", "has no token; give at least one");
        }
        if (maxTokens < 0) {
            throw new InvalidInputException("request", "max_tokens", "is " + maxTokens + ", expected 0 or more");
        }
        if (stops.stream().anyMatch(String::isEmpty)) {
            throw new InvalidInputException("request", "stop", "has an empty text; give at least one character");
        }
    }

    /** A greedy answer without stops and log-probabilities. */
    public static GenerationRequest greedy(AdapterSet adapters, int[] prompt, int maxTokens) {
        return new GenerationRequest(
                adapters, prompt, maxTokens, SamplerOptions.GREEDY, List.of(), OptionalInt.empty(), false);
    }

    @Override
    public int[] prompt() {
        return prompt.clone();
    }

    /** Positions of a context that prompt and answer may take. */
    int positions() {
        return prompt.length + maxTokens;
    }

    int promptLength() {
        return prompt.length;
    }
}
