package org.dndllm.eval.likelihood;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.Vocabulary;

/**
 * A question as tokens: every option behind the prompt, cut where the options begin to count and where they part.
 *
 * <p>Prompt and option are tokenised as one text. Tokenising them apart and joining the tokens would score a sequence that the
 * model never saw in training wherever a token lies across the border (a line break of the prompt and one of the option
 * are one token). The score therefore begins where all these texts and the prompt alone cease to agree, token by token; what
 * lies before is the same condition for all options, so their scores can be compared.
 *
 * @param id of the question, for messages
 * @param texts prompt and option, one for each option
 * @param bytes of the options in UTF-8
 * @param scored how many tokens come before the first that counts; at least 1
 * @param shared how many tokens can be computed once for all options, at least {@code scored}. The last token of a text is
 *     never computed: nothing is predicted from it
 */
record ChoiceTokens(String id, List<int[]> texts, int[] bytes, int scored, int shared) {

    /** All questions at once: a hand-off to the native thread for each of their texts would take longer than the tokenizer. */
    static List<ChoiceTokens> of(LlamaModel model, List<ChoiceQuestion> questions) {
        Vocabulary vocabulary = model.vocabulary();
        return model.onNativeThread(() ->
                questions.stream().map(question -> of(vocabulary, question)).toList());
    }

    static ChoiceTokens of(Vocabulary vocabulary, ChoiceQuestion question) {
        return of(question, ChatTemplate.begun(vocabulary, question.messages(), beginnings(question)));
    }

    /** The same of the assistant's turn alone, which follows messages that are somewhere else: each text begins with its mark. */
    static ChoiceTokens ofTurn(Vocabulary vocabulary, ChoiceQuestion question) {
        return of(question, ChatTemplate.turns(vocabulary, beginnings(question)));
    }

    /** The options, and last the empty one, which gives the prompt alone. */
    private static List<String> beginnings(ChoiceQuestion question) {
        List<String> beginnings = new ArrayList<>(question.options());
        beginnings.add("");
        return beginnings;
    }

    private static ChoiceTokens of(ChoiceQuestion question, List<int[]> tokens) {
        List<int[]> texts = tokens.subList(0, tokens.size() - 1);
        int scored = agreeing(tokens);
        for (int i = 0; i < texts.size(); i++) {
            if (texts.get(i).length <= scored) {
                throw new InvalidInputException(
                        question.id(), "option " + (i + 1), "adds no token to the prompt; give it a visible answer");
            }
        }
        int shared = agreeing(
                texts.stream().map(text -> Arrays.copyOf(text, text.length - 1)).toList());
        return new ChoiceTokens(question.id(), List.copyOf(texts), bytes(question), scored, shared);
    }

    private static int[] bytes(ChoiceQuestion question) {
        return question.options().stream()
                .mapToInt(option -> option.getBytes(StandardCharsets.UTF_8).length)
                .toArray();
    }

    /** How many tokens all begin with. */
    private static int agreeing(List<int[]> texts) {
        int[] first = texts.getFirst();
        int length = first.length;
        for (int[] text : texts) {
            length = Math.min(length, agreeing(first, text));
        }
        return length;
    }

    private static int agreeing(int[] one, int[] other) {
        int mismatch = Arrays.mismatch(one, other);
        return mismatch < 0 ? one.length : mismatch;
    }

    int options() {
        return texts.size();
    }

    /** Token at a place that all options share. */
    int sharedToken(int position) {
        return texts.getFirst()[position];
    }

    /** Positions that an option takes when computed. */
    int length(int option) {
        return texts.get(option).length - 1;
    }

    /** Positions that the longest option takes. */
    int longest() {
        int longest = 0;
        for (int option = 0; option < options(); option++) {
            longest = Math.max(longest, length(option));
        }
        return longest;
    }

    /** Cells of the KV cache beyond the first {@code common} tokens, which are there already. */
    int cells(int common) {
        int cells = shared - common;
        for (int option = 0; option < options(); option++) {
            cells += length(option) - shared;
        }
        return cells;
    }

    /** Sequences that it takes at once: one of the shared tokens, one for each option that goes on alone. */
    int sequences() {
        int sequences = 1;
        for (int option = 0; option < options(); option++) {
            sequences += length(option) > shared ? 1 : 0;
        }
        return sequences;
    }

    /** @throws InvalidInputException if a context has too few sequences, one of which holds what comes before */
    void requireSequences(LlamaContext context) {
        if (sequences() >= context.sequences()) {
            throw new InvalidInputException(
                    id,
                    "options",
                    "there are " + options() + "; this context takes " + (context.sequences() - 2)
                            + ". Open one with more sequences");
        }
    }

    /**
     * Tokens with which all questions begin and of which nothing is scored: the last token before the score is left to each
     * question, because its logits are wanted.
     */
    static int common(List<ChoiceTokens> questions) {
        if (questions.size() < 2) {
            return 0;
        }
        int[] first = questions.getFirst().texts.getFirst();
        int common = Integer.MAX_VALUE;
        for (ChoiceTokens question : questions) {
            int alike = agreeing(first, question.texts.getFirst());
            common = Math.min(common, Math.min(alike, question.scored - 1));
        }
        return common;
    }
}
