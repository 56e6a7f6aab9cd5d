package org.dndllm.eval.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.llama.ChatMessage;

/**
 * One question of a set.
 *
 * @param id file name and place in it, {@code ARC-c_test.json: item 17}; for messages and reports
 * @param system system message to the letter; blank for the chat template's own
 * @param prompt what is asked, to the letter, options included
 * @param choices the options in the prompt's order; empty unless the kind is {@link AnswerKind#CHOICE} or {@link
 *     AnswerKind#BOOLEAN}
 * @param answer what scorers compare with: the label of the right option, the final number or formula, the text; empty when
 *     the file has no answer
 * @param response the answer as the file writes it, worked solution included, for demonstrations; empty when there is none
 * @param image the picture that it is about; the prompt holds {@link org.dndllm.llama.VisionProjector#IMAGE} in its place
 */
public record BenchmarkItem(
        String id,
        String system,
        String prompt,
        List<Choice> choices,
        String answer,
        String response,
        AnswerKind kind,
        Optional<ItemImage> image) {
    public BenchmarkItem {
        choices = List.copyOf(choices);
    }

    /** Whether the file says what is right. */
    public boolean isLabelled() {
        return !answer.isEmpty();
    }

    /**
     * The continuations that a log-likelihood scorer compares, one per choice, each to follow the rendered {@link
     * #messages()} directly: the official answer form {@code [A]}. Empty when there are no choices. For scoring the
     * options' wording instead, take {@link Choice#text()}.
     */
    public List<String> options() {
        return choices.stream().map(Choice::bracketed).toList();
    }

    /** Index of the right choice; -1 when the item has no choices or no answer. */
    public int gold() {
        return choices.stream().map(Choice::label).toList().indexOf(answer);
    }

    /** The question as a conversation that the model is to answer. */
    public List<ChatMessage> messages() {
        List<ChatMessage> messages = new ArrayList<>();
        if (!system.isBlank()) {
            messages.add(ChatMessage.system(system));
        }
        messages.add(ChatMessage.user(prompt));
        return messages;
    }
}
