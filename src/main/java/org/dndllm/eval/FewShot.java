package org.dndllm.eval;

import java.util.ArrayList;
import java.util.List;
import org.dndllm.engine.PromptSet;
import org.dndllm.llama.ChatMessage;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.Vocabulary;

/** Labelled training items as turns of the conversation before each question: as many as fit. */
final class FewShot {
    private final Vocabulary vocabulary;

    FewShot(Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    /**
     * Draws demonstrations, the same for all questions. The first of them are the prompts that the generator reads with the
     * same seed.
     *
     * @param room tokens that demonstrations may take
     * @param most how many at most
     */
    List<TaskItem> draw(TaskData task, long seed, int room, int most) {
        PromptSet prompts = task.trainPrompts();
        int[] order = prompts.draw(prompts.size(), seed).indices();
        List<TaskItem> shots = new ArrayList<>();
        int used = 0;
        for (int index : order) {
            TaskItem shot = task.train().get(index);
            if (shots.size() == most) {
                break;
            }
            if (!shot.response().isBlank()) {
                used += tokens(shot);
                if (used > room) {
                    break;
                }
                shots.add(shot);
            }
        }
        return shots;
    }

    /** A question after its demonstrations. */
    int[] question(TaskItem item, List<TaskItem> shots) {
        List<ChatMessage> messages = new ArrayList<>(item.question());
        ChatMessage question = messages.removeLast();
        shots.forEach(shot -> messages.addAll(turns(shot)));
        messages.add(question);
        return ChatTemplate.tokens(vocabulary, messages, true);
    }

    /** Turns are tokenised one by one, so their lengths add up. */
    private int tokens(TaskItem shot) {
        List<ChatMessage> system = List.of(ChatMessage.system(""));
        List<ChatMessage> with = new ArrayList<>(system);
        with.addAll(turns(shot));
        return ChatTemplate.tokens(vocabulary, with, false).length
                - ChatTemplate.tokens(vocabulary, system, false).length;
    }

    private static List<ChatMessage> turns(TaskItem shot) {
        return List.of(ChatMessage.user(shot.prompt()), ChatMessage.assistant(shot.response()));
    }
}
