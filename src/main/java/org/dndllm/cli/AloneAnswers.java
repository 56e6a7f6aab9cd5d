package org.dndllm.cli;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.Utf8Decoder;
import org.dndllm.llama.Vocabulary;

/**
 * Judges whether a text is the greedy answer of an adapter set computed alone. Where they part, another token must have
 * been as good within what other batch shapes round away: two half-precision roundings of the largest logit.
 */
final class AloneAnswers {
    private static final float TIE = 2 * 0x1p-11f;

    private final BareLoop bare;

    AloneAnswers(BareLoop bare) {
        this.bare = bare;
    }

    /** The answer alone. */
    String text(AdapterSet set, int[] prompt, int most) {
        return bare.text(bare.single(set, prompt, most));
    }

    /** Whether {@code given} is that answer, or leaves it at a near tie. */
    boolean accept(AdapterSet set, int[] prompt, int most, String given) {
        return given.equals(text(set, prompt, most)) || partsAtTie(set, prompt, most, given);
    }

    private boolean partsAtTie(AdapterSet set, int[] prompt, int most, String given) {
        LlamaContext context = bare.context();
        Vocabulary vocabulary = context.model().vocabulary();
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        context.attach(set);
        context.clear();
        context.decode(prompt);
        for (int i = 0; i < most; i++) {
            int best = context.argmax();
            if (!follows(vocabulary, bytes, best, given)) {
                return anotherFollows(vocabulary, context.logits(), best, bytes, given);
            }
            if (anotherFollows(vocabulary, context.logits(), best, bytes, given)) {
                return true; // both spell the text, and from here on each goes its own way
            }
            if (vocabulary.isEndOfGeneration(best)) {
                return true;
            }
            bytes.writeBytes(vocabulary.piece(best, false));
            context.decodeToken(best);
        }
        return false; // longer than an answer may be
    }

    private static boolean anotherFollows(
            Vocabulary vocabulary, float[] logits, int best, ByteArrayOutputStream before, String given) {
        float largest = 0;
        for (float logit : logits) {
            largest = Math.max(largest, Math.abs(logit));
        }
        for (int token = 0; token < logits.length; token++) {
            if (token != best
                    && logits[best] - logits[token] <= TIE * largest
                    && follows(vocabulary, before, token, given)) {
                return true;
            }
        }
        return false;
    }

    /** Whether the given text may go on with this token after these bytes. */
    private static boolean follows(Vocabulary vocabulary, ByteArrayOutputStream before, int token, String given) {
        if (vocabulary.isEndOfGeneration(token)) {
            return given.equals(before.toString(StandardCharsets.UTF_8));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.writeBytes(before.toByteArray());
        bytes.writeBytes(vocabulary.piece(token, false));
        return given.startsWith(new Utf8Decoder().decode(bytes.toByteArray()));
    }
}
