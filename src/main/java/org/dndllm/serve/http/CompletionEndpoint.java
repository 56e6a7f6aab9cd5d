package org.dndllm.serve.http;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import org.dndllm.format.JsonValue;
import org.dndllm.llama.Vocabulary;
import org.dndllm.serve.schedule.Generation;
import org.dndllm.serve.schedule.GenerationEvent;
import org.dndllm.serve.schedule.TokenLogprob;

/**
 * {@code POST /v1/completions}: raw text on, without a chat template. Names of special tokens in the prompt are those
 * tokens. With {@code echo} and {@code logprobs} it scores the prompt, which is what evaluation harnesses ask for.
 */
final class CompletionEndpoint implements Router.Endpoint {
    private static final int MOST_PROMPTS = 64;
    private static final int MOST_ALTERNATIVES = 20;

    private final Services services;

    CompletionEndpoint(Services services) {
        this.services = services;
    }

    @Override
    public void answer(Call call) throws IOException, InterruptedException {
        Fields fields = new Fields(call.json());
        boolean stream = fields.flag("stream");
        boolean withUsage = StreamOptions.includeUsage(fields, stream);
        Sampling sampling = Sampling.of(fields, services.options().sampling(), 0);
        Asked asked = new Asked(fields.flag("echo"), fields.integer("logprobs", 0, MOST_ALTERNATIVES));
        List<int[]> prompts = prompts(fields.json());
        if (stream && (prompts.size() > 1 || asked.echo())) {
            throw ApiException.unsupported("stream", "goes with one prompt and without echo only");
        }
        try (ModelChoice choice = ModelChoice.of(services, fields)) {
            List<Generation> generations = submit(sampling, choice, prompts, asked);
            call.onGone(() -> generations.forEach(Generation::cancel));
            if (stream) {
                stream(call, generations.getFirst(), choice, asked, withUsage);
            } else {
                call.send(200, whole(generations, choice, prompts, asked));
            }
        }
    }

    private record Asked(boolean echo, OptionalInt logprobs) {}

    private List<Generation> submit(Sampling sampling, ModelChoice choice, List<int[]> prompts, Asked asked) {
        boolean scored = asked.echo() && asked.logprobs().isPresent();
        List<Generation> generations = new ArrayList<>();
        for (int[] prompt : prompts) {
            generations.add(choice.submit(sampling.request(services, choice.set(), prompt, asked.logprobs(), scored)));
        }
        return generations;
    }

    /** One text, several, one list of token ids, or several. */
    private List<int[]> prompts(JsonValue.Obj body) {
        Vocabulary vocabulary = services.model().vocabulary();
        List<int[]> prompts = new ArrayList<>();
        if (body.require("prompt") instanceof JsonValue.Arr list && list.size() > 0) {
            switch (list.items().getFirst()) {
                case JsonValue.Num number -> prompts.add(tokens(list));
                case JsonValue.Arr array -> list.arrays().forEach(each -> prompts.add(tokens(each)));
                default -> list.strings().forEach(each -> prompts.add(vocabulary.tokenize(each, true)));
            }
        } else {
            prompts.add(vocabulary.tokenize(body.string("prompt"), true));
        }
        if (prompts.size() > MOST_PROMPTS) {
            throw ApiException.field(
                    "prompt", "has " + prompts.size() + " entries, at most " + MOST_PROMPTS + " are taken");
        }
        if (prompts.stream().anyMatch(prompt -> prompt.length == 0)) {
            throw ApiException.field("prompt", "has no token; give at least one");
        }
        return prompts;
    }

    private int[] tokens(JsonValue.Arr list) {
        return TokenEndpoints.tokens(services.model().vocabulary(), list);
    }

    private Map<String, Object> whole(List<Generation> generations, ModelChoice model, List<int[]> prompts, Asked asked)
            throws IOException, InterruptedException {
        Vocabulary vocabulary = services.model().vocabulary();
        List<Map<String, Object>> choices = new ArrayList<>();
        List<GenerationEvent.Finished> ends = new ArrayList<>();
        for (int i = 0; i < generations.size(); i++) {
            Answers.Whole answer =
                    Answers.collect(generations.get(i), services.options().timeout());
            int[] prompt = prompts.get(i);
            String before = asked.echo() ? vocabulary.detokenize(prompt, true) : "";
            List<TokenLogprob> logprobs = new ArrayList<>(answer.promptLogprobs());
            logprobs.addAll(answer.logprobs());
            Object scores = asked.logprobs().isPresent()
                    ? AnswerJson.completionLogprobs(vocabulary, asked.echo() ? prompt[0] : -1, logprobs, 0)
                    : AnswerJson.NULL;
            choices.add(choice(i, before + answer.text(), scores, AnswerJson.finishReason(answer.end())));
            ends.add(answer.end());
        }
        Map<String, Object> json = head(model);
        json.put("choices", choices);
        json.put("usage", AnswerJson.usage(ends));
        json.put("timings", AnswerJson.timings(ends.getFirst()));
        return json;
    }

    private void stream(Call call, Generation generation, ModelChoice model, Asked asked, boolean withUsage)
            throws IOException, InterruptedException {
        Vocabulary vocabulary = services.model().vocabulary();
        Map<String, Object> head = head(model);
        int[] offset = {0};
        ChunkTemplate plain = ChunkTemplate.of(text -> with(head, choice(0, text, AnswerJson.NULL, AnswerJson.NULL)));
        try (SseStream events = SseStream.open(call)) {
            try {
                GenerationEvent.Finished end = Answers.follow(
                        generation, services.options().timeout(), new ArrayList<>(), new Answers.Listener() {
                            @Override
                            public void piece(GenerationEvent.Piece piece) throws IOException {
                                if (asked.logprobs().isEmpty()) {
                                    events.json(plain.with(piece.text()));
                                    return;
                                }
                                Object scores =
                                        AnswerJson.completionLogprobs(vocabulary, -1, piece.logprobs(), offset[0]);
                                offset[0] += piece.text().length();
                                events.data(with(head, choice(0, piece.text(), scores, AnswerJson.NULL)));
                            }

                            @Override
                            public void waiting() throws IOException {
                                events.ping();
                            }
                        });
                events.data(with(head, choice(0, "", AnswerJson.NULL, AnswerJson.finishReason(end))));
                if (withUsage) {
                    Map<String, Object> usage = new LinkedHashMap<>(head);
                    usage.put("choices", List.of());
                    usage.put("usage", AnswerJson.usage(List.of(end)));
                    events.data(usage);
                }
            } catch (ApiException e) {
                events.data(e.toJson());
            }
            events.done();
        }
    }

    private static Map<String, Object> with(Map<String, Object> head, Map<String, Object> choice) {
        Map<String, Object> json = new LinkedHashMap<>(head);
        json.put("choices", List.of(choice));
        return json;
    }

    private static Map<String, Object> head(ModelChoice model) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("id", "cmpl-" + UUID.randomUUID());
        json.put("object", "text_completion");
        json.put("created", Instant.now().getEpochSecond());
        json.put("model", model.name());
        json.put("adapter_generations", model.generations());
        return json;
    }

    private static Map<String, Object> choice(int index, String text, Object logprobs, Object finish) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("index", index);
        json.put("text", text);
        json.put("logprobs", logprobs);
        json.put("finish_reason", finish);
        return json;
    }
}
