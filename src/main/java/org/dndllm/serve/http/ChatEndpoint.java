package org.dndllm.serve.http;

import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.UUID;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.serve.schedule.Generation;
import org.dndllm.serve.schedule.GenerationEvent;

/** {@code POST /v1/chat/completions}. */
final class ChatEndpoint implements Router.Endpoint {
    private static final int MOST_ALTERNATIVES = 20;

    private final Services services;

    ChatEndpoint(Services services) {
        this.services = services;
    }

    @Override
    public void answer(Call call) throws IOException, InterruptedException {
        Fields fields = new Fields(call.json());
        boolean stream = fields.flag("stream");
        boolean withUsage = StreamOptions.includeUsage(fields, stream);
        Sampling sampling = Sampling.of(fields, services.options().sampling(), 1);
        OptionalInt logprobs = logprobs(fields);
        int[] prompt = ChatTemplate.tokens(services.model().vocabulary(), Messages.of(fields.json()), true);
        try (ModelChoice choice = ModelChoice.of(services, fields)) {
            Reply reply = new Reply(choice, stream ? "chat.completion.chunk" : "chat.completion");
            Generation generation = choice.submit(sampling.request(services, choice.set(), prompt, logprobs, false));
            call.onGone(generation::cancel);
            if (stream) {
                stream(call, generation, reply, logprobs.isPresent(), withUsage);
            } else {
                call.send(200, whole(generation, reply, logprobs.isPresent()));
            }
        }
    }

    private static OptionalInt logprobs(Fields fields) {
        OptionalInt top = fields.integer("top_logprobs", 0, MOST_ALTERNATIVES);
        if (!fields.flag("logprobs")) {
            if (top.isPresent()) {
                throw ApiException.field("top_logprobs", "needs logprobs to be true");
            }
            return OptionalInt.empty();
        }
        return OptionalInt.of(top.orElse(0));
    }

    private Map<String, Object> whole(Generation generation, Reply reply, boolean logprobs)
            throws IOException, InterruptedException {
        Answers.Whole answer = Answers.collect(generation, services.options().timeout());
        Map<String, Object> message = new LinkedHashMap<>();
        message.put("role", "assistant");
        message.put("content", answer.text());
        Map<String, Object> choice = new LinkedHashMap<>();
        choice.put("index", 0);
        choice.put("message", message);
        choice.put(
                "logprobs",
                logprobs ? AnswerJson.chatLogprobs(services.model().vocabulary(), answer.logprobs()) : AnswerJson.NULL);
        choice.put("finish_reason", AnswerJson.finishReason(answer.end()));
        Map<String, Object> json = reply.json(List.of(choice));
        json.put("usage", AnswerJson.usage(List.of(answer.end())));
        json.put("timings", AnswerJson.timings(answer.end()));
        return json;
    }

    private void stream(Call call, Generation generation, Reply reply, boolean logprobs, boolean withUsage)
            throws IOException, InterruptedException {
        try (SseStream events = SseStream.open(call)) {
            Map<String, Object> role = new LinkedHashMap<>();
            role.put("role", "assistant");
            role.put("content", "");
            events.data(reply.chunk(role, AnswerJson.NULL, AnswerJson.NULL)); // at once: it tells that all is well
            ChunkTemplate plain =
                    ChunkTemplate.of(text -> reply.chunk(Map.of("content", text), AnswerJson.NULL, AnswerJson.NULL));
            try {
                GenerationEvent.Finished end = Answers.follow(
                        generation, services.options().timeout(), new ArrayList<>(), new Answers.Listener() {
                            @Override
                            public void piece(GenerationEvent.Piece piece) throws IOException {
                                if (!logprobs) {
                                    events.json(plain.with(piece.text()));
                                    return;
                                }
                                Object scores =
                                        AnswerJson.chatLogprobs(services.model().vocabulary(), piece.logprobs());
                                events.data(reply.chunk(Map.of("content", piece.text()), scores, AnswerJson.NULL));
                            }

                            @Override
                            public void waiting() throws IOException {
                                events.ping();
                            }
                        });
                Map<String, Object> last = reply.chunk(Map.of(), AnswerJson.NULL, AnswerJson.finishReason(end));
                last.put("timings", AnswerJson.timings(end));
                events.data(last);
                if (withUsage) {
                    Map<String, Object> usage = reply.json(List.of());
                    usage.put("usage", AnswerJson.usage(List.of(end)));
                    events.data(usage);
                }
            } catch (ApiException e) {
                events.data(e.toJson());
            }
            events.done();
        }
    }

    /** What all objects of one answer share. */
    private static final class Reply {
        private final Map<String, Object> head = new LinkedHashMap<>();

        Reply(ModelChoice choice, String object) {
            head.put("id", "chatcmpl-" + UUID.randomUUID());
            head.put("object", object);
            head.put("created", Instant.now().getEpochSecond());
            head.put("model", choice.name());
            head.put("adapter_generations", choice.generations());
        }

        Map<String, Object> json(List<?> choices) {
            Map<String, Object> json = new LinkedHashMap<>(head);
            json.put("choices", choices);
            return json;
        }

        Map<String, Object> chunk(Map<String, ?> delta, Object logprobs, Object finish) {
            Map<String, Object> choice = new LinkedHashMap<>();
            choice.put("index", 0);
            choice.put("delta", delta);
            choice.put("logprobs", logprobs);
            choice.put("finish_reason", finish);
            return json(List.of(choice));
        }
    }
}
