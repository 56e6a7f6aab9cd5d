package org.dndllm.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.Vocabulary;
import org.dndllm.train.Example;
import org.dndllm.train.collect.TaskItem;

/**
 * Labelled items as the tokens that the model will see in use: the chat template up to the assistant's turn, then the
 * answer and the end of the turn.
 */
record ChatTokenizer(Vocabulary vocabulary) {
    Example example(TaskItem item) {
        List<ChatMessage> messages = new ArrayList<>();
        if (!item.system().isBlank()) {
            messages.add(new ChatMessage("system", item.system()));
        }
        messages.add(ChatMessage.user(item.prompt()));
        int[] prompt = ChatTemplate.tokens(vocabulary, messages, true);
        int[] text = vocabulary.tokenize(item.response(), false);
        int[] answer = Arrays.copyOf(text, text.length + 1);
        answer[text.length] = end();
        return Example.of(prompt, answer);
    }

    private int end() {
        return vocabulary
                .endOfTurn()
                .orElseGet(() -> vocabulary
                        .endOfSequence()
                        .orElseThrow(() -> new InvalidInputException(
                                "vocabulary", "end of turn", "is not named by this model; choose a chat model")));
    }
}
