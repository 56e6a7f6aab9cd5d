package org.dndllm.eval;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ChatMessage;

/**
 * One labelled item of a task.
 *
 * @param prompt what is asked; not blank
 * @param response the right answer; may be blank in splits that are not scored
 * @param system system message; blank for the template's own
 */
public record TaskItem(String prompt, String response, String system) {

    /**
     * Reads a file in the official format, every item of which has an answer.
     *
     * @throws InvalidInputException naming file and item
     */
    public static List<TaskItem> readLabelled(Path file) {
        return TaskReader.labelled(file);
    }

    /** The question as a conversation that the model is to answer. */
    public List<ChatMessage> question() {
        List<ChatMessage> messages = new ArrayList<>();
        if (!system.isBlank()) {
            messages.add(ChatMessage.system(system));
        }
        messages.add(ChatMessage.user(prompt));
        return messages;
    }

    /** Whether an answer is right: the same text after trimming both. */
    public boolean isAnsweredBy(String answer) {
        return answer.strip().equals(response.strip());
    }
}
