package org.dndllm.engine;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextFullException;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;
import org.dndllm.llama.SamplerChain;
import org.dndllm.llama.SamplerOptions;

/**
 * A running base model with one conversation context whose adapters can be changed at any time. Owns model and context,
 * closes both; adapters that are loaded through {@link #model()} close with it at the latest. One caller at a time.
 */
public final class LiveModel implements AutoCloseable {
    private static final Consumer<String> IGNORE = text -> {};
    /** What {@link #requireEffect} shows the model: ordinary text, so that an adapter has something to act on. */
    private static final String PROBE = "Which gas do plants take from the air? Answer in one word.";

    private final LlamaModel model;
    private final LlamaContext context;

    private LiveModel(LlamaModel model, LlamaContext context) {
        this.model = model;
        this.context = context;
    }

    /** Opens a base model and a context over it. */
    public static LiveModel open(Path gguf, ModelOptions modelOptions, ContextOptions contextOptions) {
        LlamaModel model = LlamaModel.open(gguf, modelOptions);
        try {
            return new LiveModel(model, model.newContext(contextOptions));
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** The base model. */
    public LlamaModel model() {
        return model;
    }

    /** The adapter set in use. */
    public AdapterSet attached() {
        return context.attached();
    }

    /** Makes one adapter the adapter set. */
    public void attach(LoraAdapter adapter, float scale) {
        attach(AdapterSet.of(adapter, scale));
    }

    /** Makes {@code set} the adapter set; KV entries of another set are dropped. */
    public void attach(AdapterSet set) {
        context.attach(set);
    }

    /** Back to the base model. */
    public void detach() {
        context.detach();
    }

    /**
     * Measures what the attached adapters change, on a probe text, against the base model. The conversation's KV entries
     * are dropped.
     *
     * @param name of the adapter, for the error
     * @throws InvalidInputException if the logits do not change at all, or are not finite with the adapter
     */
    public Effect requireEffect(String name) {
        AdapterSet set = context.attached();
        float[] adapted = probe(PROBE);
        for (float logit : adapted) {
            if (!Float.isFinite(logit)) {
                throw new InvalidInputException(
                        name,
                        "effect",
                        "the model's logits are not finite with this adapter; its"
                                + " weights are too large. Use a smaller scale, or other prompts");
            }
        }
        context.detach();
        float[] base = probe(PROBE);
        context.attach(set);
        Effect effect = Effect.between(base, adapted);
        if (effect.maxAbs() == 0) {
            throw new InvalidInputException(
                    name,
                    "effect",
                    "the model's logits are the same with and without this adapter:"
                            + " its B or A matrices are zero, or its scale is. Check how it was made");
        }
        return effect;
    }

    /** Logits of the next token after a user's message, under the attached adapters: [V]. */
    public float[] probe(String message) {
        context.clear();
        context.decode(prompt(List.of(ChatMessage.user(message))));
        return context.logits();
    }

    /** Answers one message greedily. */
    public Completion chat(String message, int maxTokens) {
        return chat(List.of(ChatMessage.user(message)), SamplerOptions.GREEDY, maxTokens, IGNORE, CancelToken.create());
    }

    /**
     * Answers a conversation under the attached adapters.
     *
     * @param conversation the last message is the user's
     * @param maxTokens longest answer
     * @param onText gets the text as it comes, in whole characters; called on the model's native thread, must be quick
     * @param cancel ends the answer after the token in progress
     * @throws ContextFullException if the conversation itself does not fit; an answer that outgrows the context just ends
     */
    public Completion chat(
            List<ChatMessage> conversation,
            SamplerOptions sampling,
            int maxTokens,
            Consumer<String> onText,
            CancelToken cancel) {
        int[] prompt = prompt(conversation);
        try (SamplerChain sampler = model.newSampler(sampling)) {
            AnswerLoop loop = new AnswerLoop(context, sampler, onText, cancel);
            return context.onNativeThread(() -> loop.answer(prompt, maxTokens));
        }
    }

    private int[] prompt(List<ChatMessage> conversation) {
        return ChatTemplate.tokens(model.vocabulary(), conversation, true);
    }

    @Override
    public void close() {
        model.close(); // closes the context first
    }
}
