package org.dndllm.serve.evaluation;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.IntConsumer;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.CancelToken;
import org.dndllm.serve.schedule.Generation;
import org.dndllm.serve.schedule.GenerationEvent;
import org.dndllm.serve.schedule.GenerationRequest;
import org.dndllm.serve.schedule.QueueFullException;
import org.dndllm.serve.schedule.Scheduler;

/**
 * Answers many prompts greedily with a bounded number of requests under way, so that an evaluation never fills the queue
 * that everyone shares. Used once.
 */
final class AnswerWindow {
    private final Scheduler scheduler;
    private final AdapterSet set;
    private final int maxTokens;
    private final CancelToken cancel;
    private final Deque<Generation> running = new ArrayDeque<>();
    private final List<String> answers = new ArrayList<>();

    /** @param cancel ends every answer under way within a token, also one that still waits in the queue */
    AnswerWindow(Scheduler scheduler, AdapterSet set, int maxTokens, CancelToken cancel) {
        this.scheduler = scheduler;
        this.set = set;
        this.maxTokens = maxTokens;
        this.cancel = cancel;
    }

    /** Answers in the order of the prompts; {@code done} is told their number after each. */
    List<String> answer(List<int[]> prompts, IntConsumer done) throws InterruptedException {
        done.accept(0);
        try {
            for (int[] prompt : prompts) {
                if (running.size() == scheduler.options().parallel()) {
                    takeOldest(done);
                }
                submit(prompt, done);
            }
            while (!running.isEmpty()) {
                takeOldest(done);
            }
            return answers;
        } finally {
            endAll();
        }
    }

    /** Nothing computes with the adapters any more afterwards, so that the caller may let go of them. */
    private void endAll() throws InterruptedException {
        running.forEach(Generation::cancel);
        for (Generation generation : running) {
            GenerationEvent event;
            do {
                event = generation.take();
            } while (!(event instanceof GenerationEvent.Finished || event instanceof GenerationEvent.Failed));
        }
    }

    /** Where the queue is full, this evaluation's own oldest answer makes room. */
    private void submit(int[] prompt, IntConsumer done) throws InterruptedException {
        while (true) {
            try {
                running.add(scheduler.submit(GenerationRequest.greedy(set, prompt, maxTokens), cancel));
                return;
            } catch (QueueFullException e) {
                if (running.isEmpty()) {
                    throw e;
                }
                takeOldest(done);
            }
        }
    }

    private void takeOldest(IntConsumer done) throws InterruptedException {
        StringBuilder text = new StringBuilder();
        Generation oldest = running.getFirst();
        while (true) {
            cancel.check();
            switch (oldest.take()) {
                case GenerationEvent.PromptRead read -> {}
                case GenerationEvent.Piece piece -> text.append(piece.text());
                case GenerationEvent.Failed failed -> {
                    running.removeFirst();
                    throw new IllegalStateException("an item was not answered", failed.problem());
                }
                case GenerationEvent.Finished end -> {
                    running.removeFirst();
                    cancel.check(); // then this was no whole answer
                    answers.add(text.toString());
                    done.accept(answers.size());
                    return;
                }
            }
        }
    }
}
