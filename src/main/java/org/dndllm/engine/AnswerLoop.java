package org.dndllm.engine;

import java.util.concurrent.CancellationException;
import java.util.function.Consumer;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.SamplerChain;
import org.dndllm.llama.Utf8Decoder;
import org.dndllm.llama.Vocabulary;

/** One answer in the making: samples tokens, turns them into whole characters, hands these on. Used once. */
final class AnswerLoop {
    private final LlamaContext context;
    private final SamplerChain sampler;
    private final Consumer<String> onText;
    private final CancelToken cancel;
    private final Utf8Decoder decoder = new Utf8Decoder();
    private final StringBuilder text = new StringBuilder();
    private int tokens;

    AnswerLoop(LlamaContext context, SamplerChain sampler, Consumer<String> onText, CancelToken cancel) {
        this.context = context;
        this.sampler = sampler;
        this.onText = onText;
        this.cancel = cancel;
    }

    /** Answers {@code prompt} in an empty sequence 0 with at most {@code maxTokens} tokens. */
    Completion answer(int[] prompt, int maxTokens) {
        Completion.Finish finish;
        try {
            finish = sample(prompt, maxTokens);
        } catch (CancellationException e) {
            finish = Completion.Finish.CANCELLED;
        }
        emit(decoder.flush());
        return new Completion(text.toString(), prompt.length, tokens, finish);
    }

    private Completion.Finish sample(int[] prompt, int maxTokens) {
        Vocabulary vocabulary = context.model().vocabulary();
        context.clear();
        context.decode(prompt, 0, cancel);
        while (tokens < maxTokens) {
            int token = sampler.sample(context);
            if (vocabulary.isEndOfGeneration(token)) {
                return Completion.Finish.STOP;
            }
            tokens++;
            emit(decoder.decode(vocabulary.piece(token, false)));
            if (context.length(0) == context.contextLength()) {
                return Completion.Finish.LENGTH;
            }
            cancel.check();
            context.decodeToken(token);
        }
        return Completion.Finish.LENGTH;
    }

    private void emit(String piece) {
        if (!piece.isEmpty()) {
            text.append(piece);
            onText.accept(piece);
        }
    }
}
