package org.dndllm.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.Utf8Decoder;
import org.dndllm.llama.Vocabulary;

/**
 * Judges whether a text is a greedy answer of an adapter set computed alone: each of its tokens must be the best one, or
 * as good within what other batch shapes round away. Where the text takes the other side of such a tie, the judgement
 * goes on along the text, to its end.
 */
final class AloneAnswers {
    /** The least share of the largest logit that is a tie: two roundings to half precision. */
    private static final float LEAST_TIE = 2 * 0x1p-11f;

    private static final int NONE = -1;

    private final BareLoop bare;
    private final float tie;

    private AloneAnswers(BareLoop bare, float tie) {
        this.bare = bare;
        this.tie = tie;
    }

    /**
     * Measures, without a server, how far a batch's shape moves this model's logits, and takes twice that for a tie: two
     * logits may move towards each other. Quantised bases and strong adapters move them much more than half precision.
     */
    static AloneAnswers calibrated(BareLoop bare, List<AdapterSet> sets, List<int[]> prompts) {
        float moved = 0;
        for (AdapterSet set : sets) {
            for (int first = 0; first < prompts.size(); first++) {
                List<int[]> order = new ArrayList<>(prompts);
                Collections.rotate(order, -first);
                moved = Math.max(moved, bare.rounding(set, order));
            }
        }
        return new AloneAnswers(bare, Math.max(LEAST_TIE, 2 * moved));
    }

    /** Share of the largest logit by which a token may be worse than the best. */
    float tie() {
        return tie;
    }

    /** Whether {@code given} is such an answer, of at most {@code most} tokens. */
    boolean accept(AdapterSet set, int[] prompt, int most, String given) {
        LlamaContext context = bare.context();
        Vocabulary vocabulary = context.model().vocabulary();
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        context.attach(set);
        context.clear();
        context.decode(prompt);
        for (int length = 0; length < most; length++) {
            int token = next(vocabulary, context.logits(), context.argmax(), said, given);
            if (token == NONE || vocabulary.isEndOfGeneration(token)) {
                return token != NONE;
            }
            said.writeBytes(vocabulary.piece(token, false));
            context.decodeToken(token);
        }
        return given.equals(said.toString(StandardCharsets.UTF_8));
    }

    /** The best token that the given text may go on with, if that is as good as the best of all. */
    private int next(Vocabulary vocabulary, float[] logits, int best, ByteArrayOutputStream said, String given) {
        float largest = 0;
        for (float logit : logits) {
            largest = Math.max(largest, Math.abs(logit));
        }
        int next = follows(vocabulary, said, best, given) ? best : NONE;
        for (int token = 0; token < logits.length && next != best; token++) {
            if (logits[best] - logits[token] <= tie * largest
                    && (next == NONE || logits[token] > logits[next])
                    && follows(vocabulary, said, token, given)) {
                next = token;
            }
        }
        return next;
    }

    /** Whether the given text may go on with this token after what was said. */
    private static boolean follows(Vocabulary vocabulary, ByteArrayOutputStream said, int token, String given) {
        if (vocabulary.isEndOfGeneration(token)) {
            return given.equals(said.toString(StandardCharsets.UTF_8));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(said.toByteArray());
        bytes.writeBytes(vocabulary.piece(token, false));
        return given.startsWith(new Utf8Decoder().decode(bytes.toByteArray()));
    }
}
