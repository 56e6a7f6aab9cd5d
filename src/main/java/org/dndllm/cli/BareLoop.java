package org.dndllm.cli;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaBatch;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.llama.ModelOptions;

/** Greedy decoding without a server: the yardstick of {@code dnd bench serve}, on a model of its own from the same file. */
final class BareLoop implements AutoCloseable {
    private final LlamaModel model;
    private final LlamaContext one;
    private final LlamaContext many;
    private final int streams;

    /**
     * An answer.
     *
     * @param tokens without the end mark
     * @param times when each token was known, of {@link System#nanoTime}
     * @param end when the loop ended
     */
    record Run(int[] tokens, long[] times, long end) {}

    /** Tokens of all answers, and the time from the first prompt to the last token. */
    record Batched(int tokens, double seconds) {}

    BareLoop(Path base, ContextOptions context, int streams) {
        this.streams = streams;
        model = LlamaModel.open(base, ModelOptions.CPU);
        one = model.newContext(context);
        many = model.newContext(context.withSequences(streams).withMaxOutputs(streams));
    }

    LlamaModel model() {
        return model;
    }

    LoraAdapter load(Path gguf) {
        return model.loadAdapter(gguf);
    }

    /** Token ids of a chat's question, as the server makes them. */
    int[] prompt(String question) {
        return ChatTemplate.tokens(model.vocabulary(), List.of(ChatMessage.user(question)), true);
    }

    /** The context of single answers, for those who look at logits. */
    LlamaContext context() {
        return one;
    }

    /** One answer, token by token, until the model ends it or it is {@code most} tokens long. */
    Run single(AdapterSet set, int[] prompt, int most) {
        one.attach(set);
        return one.onNativeThread(() -> {
            int[] tokens = new int[most];
            long[] times = new long[most];
            one.clear();
            one.decode(prompt);
            for (int count = 0; ; count++) {
                int token = one.argmax();
                if (model.vocabulary().isEndOfGeneration(token)) {
                    return new Run(Arrays.copyOf(tokens, count), Arrays.copyOf(times, count), System.nanoTime());
                }
                tokens[count] = token;
                times[count] = System.nanoTime();
                if (count + 1 == most) {
                    return new Run(tokens, times, times[count]);
                }
                one.decodeToken(token);
            }
        });
    }

    /** What an answer says. */
    String text(Run run) {
        return model.vocabulary().detokenize(run.tokens(), false);
    }

    /** Several answers side by side: the prompts in as few batches as they need, then a token of each per step. */
    Batched batched(AdapterSet set, List<int[]> prompts, int most) {
        many.attach(set);
        return many.onNativeThread(() -> {
            many.clear();
            long start = System.nanoTime();
            int[] next = read(prompts);
            int tokens = answer(prompts, next, most);
            return new Batched(tokens, (System.nanoTime() - start) / 1e9);
        });
    }

    /** Decodes all prompts; gives the first token of each answer. */
    private int[] read(List<int[]> prompts) {
        LlamaBatch batch = LlamaBatch.create(many.batchSize());
        int[] next = new int[prompts.size()];
        int[] places = new int[prompts.size()];
        int read = 0; // prompts whose first token is known
        for (int i = 0; i < prompts.size(); i++) {
            int[] prompt = prompts.get(i);
            for (int position = 0; position < prompt.length; position++) {
                boolean last = position == prompt.length - 1;
                places[i] = batch.add(prompt[position], position, i, last);
                if (batch.size() == batch.capacity() || last && i == prompts.size() - 1) {
                    many.decode(batch);
                    batch.clear();
                    for (int whole = last ? i + 1 : i; read < whole; read++) {
                        next[read] = many.argmax(places[read]);
                    }
                }
            }
        }
        return next;
    }

    /** Goes on from the first tokens; gives how many tokens all answers have. */
    private int answer(List<int[]> prompts, int[] next, int most) {
        LlamaBatch batch = LlamaBatch.create(streams);
        int[] places = new int[next.length];
        boolean[] runs = new boolean[next.length];
        Arrays.fill(runs, true);
        int tokens = 0;
        for (int length = 1; ; length++) {
            batch.clear();
            for (int i = 0; i < next.length; i++) {
                runs[i] &= !model.vocabulary().isEndOfGeneration(next[i]);
                if (runs[i]) {
                    tokens++;
                    places[i] = length < most ? batch.add(next[i], prompts.get(i).length + length - 1, i, true) : 0;
                }
            }
            if (batch.size() == 0) {
                return tokens;
            }
            many.decode(batch);
            for (int i = 0; i < next.length; i++) {
                next[i] = runs[i] ? many.argmax(places[i]) : next[i];
            }
        }
    }

    /**
     * How far the logits after a prompt move when other prompts are in the same batch, as a share of the largest logit: what
     * a batch's shape alone rounds away.
     *
     * @param prompts the one that is looked at, then the others; as many as fit a batch are taken
     */
    float rounding(AdapterSet set, List<int[]> prompts) {
        one.attach(set);
        one.clear();
        one.decode(prompts.getFirst());
        float[] alone = one.logits();
        many.attach(set);
        many.clear();
        LlamaBatch batch = LlamaBatch.create(many.batchSize());
        int place = 0;
        for (int i = 0; i < Math.min(streams, prompts.size()); i++) {
            int[] prompt = prompts.get(i);
            if (prompt.length <= batch.capacity() - batch.size()) {
                int last = add(batch, prompt, i);
                place = i == 0 ? last : place;
            }
        }
        many.decode(batch);
        float[] beside = many.logits(place);
        float largest = 0;
        float moved = 0;
        for (int i = 0; i < alone.length; i++) {
            largest = Math.max(largest, Math.abs(alone[i]));
            moved = Math.max(moved, Math.abs(alone[i] - beside[i]));
        }
        return moved / largest;
    }

    /** Adds a whole prompt; gives the place of its last token. */
    private static int add(LlamaBatch batch, int[] prompt, int sequence) {
        int last = 0;
        for (int position = 0; position < prompt.length; position++) {
            last = batch.add(prompt[position], position, sequence, position == prompt.length - 1);
        }
        return last;
    }

    @Override
    public void close() {
        model.close(); // its contexts first
    }
}
