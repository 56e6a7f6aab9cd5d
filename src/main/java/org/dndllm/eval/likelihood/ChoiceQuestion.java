package org.dndllm.eval.likelihood;

import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ChatMessage;

/**
 * A question and the answers that are compared.
 *
 * @param id what messages call it
 * @param messages the conversation that the model is to answer
 * @param options beginnings of the answer, to the letter; at least one, none empty
 */
public record ChoiceQuestion(String id, List<ChatMessage> messages, List<String> options) {
    public ChoiceQuestion {
        messages = List.copyOf(messages);
        options = List.copyOf(options);
        if (options.isEmpty()) {
            throw new InvalidInputException(id, "options", "there are none; give at least one to score");
        }
        int empty = options.indexOf("");
        if (empty >= 0) {
            throw new InvalidInputException(
                    id, "option " + (empty + 1), "is empty; an answer without tokens has no likelihood");
        }
    }
}
