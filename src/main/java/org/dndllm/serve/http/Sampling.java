package org.dndllm.serve.http;

import java.util.List;
import java.util.OptionalInt;
import java.util.UUID;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.SamplerOptions;
import org.dndllm.serve.schedule.GenerationRequest;

/** The fields that chat and completion share: how long, how chosen, where to stop. Refuses what it cannot honour. */
final class Sampling {
    private static final int MOST_STOPS = 16;
    private static final int MOST_STOP_LENGTH = 1000;

    private final SamplerOptions options;
    private final List<String> stops;
    private final OptionalInt maxTokens;

    private Sampling(SamplerOptions options, List<String> stops, OptionalInt maxTokens) {
        this.options = options;
        this.stops = stops;
        this.maxTokens = maxTokens;
    }

    static Sampling of(Fields fields, SamplerOptions defaults, int leastTokens) {
        refuseUnsupported(fields);
        List<String> stops = fields.texts("stop", MOST_STOPS);
        if (stops.stream().anyMatch(stop -> stop.isEmpty() || stop.length() > MOST_STOP_LENGTH)) {
            throw ApiException.field(
                    "stop", "has an entry without or with more than " + MOST_STOP_LENGTH + " characters");
        }
        float temperature = fields.number("temperature", 0, 100, defaults.temperature());
        float topP = fields.number("top_p", 0, 1, defaults.topP());
        SamplerOptions options = new SamplerOptions(
                temperature,
                fields.integer("top_k", 0, Integer.MAX_VALUE).orElse(defaults.topK()),
                Math.max(topP, Float.MIN_NORMAL), // 0 means the likeliest token alone
                fields.number("min_p", 0, 1, defaults.minP()),
                fields.wide("seed").isPresent()
                        ? Long.hashCode(fields.wide("seed").getAsLong())
                        : UUID.randomUUID().hashCode(),
                fields.number("repeat_penalty", 0.01, 10, defaults.repeatPenalty()),
                fields.number("frequency_penalty", -2, 2, defaults.frequencyPenalty()),
                fields.number("presence_penalty", -2, 2, defaults.presencePenalty()),
                defaults.penaltyWindow(),
                "");
        return new Sampling(options, stops, maxTokens(fields, leastTokens));
    }

    private static OptionalInt maxTokens(Fields fields, int least) {
        String key = fields.json().has("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
        OptionalInt given = fields.integer(key, -1, Integer.MAX_VALUE);
        if (given.isPresent() && given.getAsInt() == -1) { // llama-server: no limit of its own
            return OptionalInt.of(Integer.MAX_VALUE);
        }
        if (given.isPresent() && given.getAsInt() < least) {
            throw ApiException.field(key, "is " + given.getAsInt() + ", expected at least " + least);
        }
        return given;
    }

    private static void refuseUnsupported(Fields fields) {
        fields.integer("n", 1, 128).ifPresent(n -> {
            if (n > 1) {
                throw ApiException.unsupported("n", "is " + n + "; one answer per request is given, ask again");
            }
        });
        fields.refuse("tools", "are not supported; describe them in the messages");
        fields.refuse("tool_choice", "needs tools, which are not supported");
        fields.refuse("functions", "are not supported; describe them in the messages");
        fields.refuse("function_call", "needs functions, which are not supported");
        fields.refuse("logit_bias", "is not supported; leave it out");
        fields.refuse("grammar", "is not supported; leave it out");
        fields.refuse("json_schema", "is not supported; leave it out");
        fields.refuse("audio", "is not supported; leave it out");
        fields.refuse("suffix", "is not supported; leave it out");
        fields.json().find("best_of").ifPresent(given -> fields.integer("best_of", 1, 1));
        if (fields.json().has("response_format")) {
            String type = fields.json().object("response_format").string("type");
            if (!type.equals("text")) {
                throw ApiException.unsupported("response_format.type", "is '" + type + "'; only text is supported");
            }
        }
    }

    /**
     * The request for the scheduler.
     *
     * @throws ApiException {@code context_length_exceeded} if the prompt leaves no room for an answer
     */
    GenerationRequest request(
            Services services, AdapterSet set, int[] prompt, OptionalInt logprobs, boolean promptLogprobs) {
        int positions = services.scheduler().positions();
        int room = positions - prompt.length;
        int wanted = maxTokens.orElse(services.options().maxTokens());
        if (room < Math.min(1, wanted)) {
            throw new ApiException(
                    400,
                    "context_length_exceeded",
                    "the prompt has " + prompt.length + " tokens; prompt and answer together may have " + positions
                            + "; shorten it");
        }
        return new GenerationRequest(set, prompt, Math.min(wanted, room), options, stops, logprobs, promptLogprobs);
    }
}
