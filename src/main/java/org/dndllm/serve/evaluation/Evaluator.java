package org.dndllm.serve.evaluation;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CancellationException;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.Progress;
import org.dndllm.eval.TaskItem;
import org.dndllm.eval.Wilson;
import org.dndllm.llama.CancelToken;
import org.dndllm.llama.ChatTemplate;
import org.dndllm.llama.Vocabulary;
import org.dndllm.serve.schedule.Scheduler;

/** Scores models on labelled items, one model after the other, each with as many answers at once as a context computes. */
public final class Evaluator {
    private final Scheduler scheduler;
    private final Vocabulary vocabulary;

    /** @param scheduler computes the answers, beside everything else that it computes */
    public Evaluator(Scheduler scheduler, Vocabulary vocabulary) {
        this.scheduler = scheduler;
        this.vocabulary = vocabulary;
    }

    /**
     * Scores.
     *
     * @param contenders in the order of the results
     * @param progress told after each item, over all contenders
     * @param cancel ends it within a token
     * @throws InvalidInputException if an item with its answer does not fit into a context
     * @throws CancellationException if it was cancelled
     * @throws org.dndllm.serve.schedule.QueueFullException if the scheduler takes no request at all
     */
    public EvaluationReport run(
            EvaluationRequest request, List<Contender> contenders, Progress progress, CancelToken cancel)
            throws InterruptedException {
        List<int[]> prompts = prompts(request);
        long total = (long) contenders.size() * prompts.size();
        List<EvaluationReport.Result> results = new ArrayList<>();
        for (Contender contender : contenders) {
            long before = (long) results.size() * prompts.size();
            AnswerWindow window = new AnswerWindow(scheduler, contender.set(), request.maxTokens(), cancel);
            List<String> answers =
                    window.answer(prompts, done -> progress.advanced(contender.label(), before + done, total));
            results.add(score(contender, request.items(), answers));
        }
        return new EvaluationReport(
                request.items().size(), request.maxTokens(), results, warnings(request.items(), contenders, results));
    }

    private List<int[]> prompts(EvaluationRequest request) {
        List<int[]> prompts = new ArrayList<>(request.items().size());
        for (TaskItem item : request.items()) {
            int[] tokens = ChatTemplate.tokens(vocabulary, item.question(), true);
            if (tokens.length + request.maxTokens() > scheduler.positions()) {
                throw new InvalidInputException(
                        "request",
                        "items[" + prompts.size() + "].prompt",
                        "has " + tokens.length + " tokens; with an answer of up to " + request.maxTokens()
                                + " that is more than the " + scheduler.positions()
                                + " positions of a context; shorten it or ask for fewer tokens");
            }
            prompts.add(tokens);
        }
        return prompts;
    }

    private static EvaluationReport.Result score(Contender contender, List<TaskItem> items, List<String> answers) {
        int correct = 0;
        for (int i = 0; i < items.size(); i++) {
            correct += items.get(i).isAnsweredBy(answers.get(i)) ? 1 : 0;
        }
        return new EvaluationReport.Result(
                contender.adapter(),
                correct,
                Wilson.of(correct, items.size()),
                contender.conditionItems(items),
                answers);
    }

    private static List<String> warnings(
            List<TaskItem> items, List<Contender> contenders, List<EvaluationReport.Result> results) {
        List<String> warnings = new ArrayList<>();
        Set<String> prompts = new HashSet<>();
        items.forEach(item -> prompts.add(item.prompt()));
        if (prompts.size() < items.size()) {
            warnings.add((items.size() - prompts.size()) + " of " + items.size()
                    + " items repeat the prompt of an earlier one; the intervals are too narrow");
        }
        List<String> base = results.getFirst().answers();
        for (int i = 0; i < results.size(); i++) {
            EvaluationReport.Result result = results.get(i);
            String label = contenders.get(i).label();
            Optional<Integer> seen = result.conditionItems().filter(count -> count > 0);
            seen.ifPresent(count -> warnings.add(count + " of " + items.size() + " items have a prompt that " + label
                    + " was generated from; score it on prompts that it has not seen"));
            if (i > 0 && result.answers().equals(base)) {
                warnings.add(label + " gives exactly the base model's answers");
            }
        }
        return warnings;
    }
}
