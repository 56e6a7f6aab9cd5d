package org.dndllm.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.Vocabulary;
import org.dndllm.nano.Turn;
import org.dndllm.train.Example;
import org.dndllm.train.collect.TaskItem;

/**
 * Labelled items as the tokens that the model will see in use: the chat template up to the assistant's turn, then the
 * answer and the end of the turn.
 */
public record ChatTokenizer(Vocabulary vocabulary) {
    /** One question with its answer. */
    public Example example(TaskItem item) {
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

    /**
     * A chat of several turns, of which every answer with its end counts; the last token is that end.
     *
     * @param turns at least one
     */
    public Example conversation(List<Turn> turns) {
        if (turns.size() == 1) {
            return example(item(turns.getFirst()));
        }
        IntStream.Builder tokens = IntStream.builder();
        List<Boolean> marks = new ArrayList<>();
        int system = vocabulary
                .defaultSystem()
                .map(text -> ChatTemplate.tokens(vocabulary, List.of(ChatMessage.system(text)), false).length)
                .orElse(0);
        int[] between = vocabulary.tokenize("\n", false);
        for (int i = 0; i < turns.size(); i++) {
            Example turn = example(item(turns.get(i)));
            if (i > 0) {
                Arrays.stream(between).forEach(token -> put(token, false, tokens, marks));
            }
            // Every turn brings the default system message, where the model has one; a chat has it once.
            for (int at = i == 0 ? 0 : system; at < turn.tokens().length; at++) {
                put(turn.tokens()[at], turn.answer()[at], tokens, marks);
            }
        }
        boolean[] answer = new boolean[marks.size()];
        for (int i = 0; i < answer.length; i++) {
            answer[i] = marks.get(i);
        }
        return new Example(tokens.build().toArray(), answer);
    }

    private static void put(int token, boolean counts, IntStream.Builder tokens, List<Boolean> marks) {
        tokens.add(token);
        marks.add(counts);
    }

    private static TaskItem item(Turn turn) {
        return new TaskItem(turn.prompt(), turn.response(), "");
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
