package org.dndllm.serve.http;

import java.io.IOException;
import java.util.Arrays;
import java.util.Map;
import org.dndllm.format.JsonValue;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.Vocabulary;

/** {@code /tokenize}, {@code /detokenize} and {@code /apply-template}, as llama-server has them. */
final class TokenEndpoints {
    private final Vocabulary vocabulary;

    TokenEndpoints(Services services) {
        vocabulary = services.model().vocabulary();
    }

    void tokenize(Call call) throws IOException {
        JsonValue.Obj body = call.json();
        boolean special = !body.has("parse_special") || body.bool("parse_special");
        int[] tokens = vocabulary.tokenize(body.string("content"), special);
        call.send(200, Map.of("tokens", Arrays.stream(tokens).boxed().toList()));
    }

    void detokenize(Call call) throws IOException {
        call.send(
                200,
                Map.of(
                        "content",
                        vocabulary.detokenize(tokens(vocabulary, call.json().array("tokens")), true)));
    }

    void applyTemplate(Call call) throws IOException {
        int[] tokens = ChatTemplate.tokens(vocabulary, Messages.of(call.json()), true);
        call.send(200, Map.of("prompt", vocabulary.detokenize(tokens, true)));
    }

    /** Token ids of this vocabulary. */
    static int[] tokens(Vocabulary vocabulary, JsonValue.Arr list) {
        return list.integers().stream()
                .mapToInt(id -> {
                    if (id < 0 || id >= vocabulary.size()) {
                        throw ApiException.field(
                                list.path(),
                                "has " + id + ", which is no token; expected 0 to " + (vocabulary.size() - 1));
                    }
                    return id.intValue();
                })
                .toArray();
    }
}
