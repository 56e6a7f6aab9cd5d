package org.dndllm.serve.evaluation;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.TaskItem;
import org.dndllm.format.JsonValue;

/**
 * What to score.
 *
 * @param items labelled, in order
 * @param adapters names of loaded adapters; the base model is always scored beside them
 * @param maxTokens longest answer
 */
public record EvaluationRequest(List<TaskItem> items, List<String> adapters, int maxTokens) {
    /** Items of one request at most. */
    public static final int MAX_ITEMS = 2000;

    /** Adapters of one request at most. */
    public static final int MAX_ADAPTERS = 16;

    /** Longest answer that can be asked for, in tokens. */
    public static final int MAX_TOKENS = 512;

    private static final int DEFAULT_TOKENS = 16;
    private static final String SOURCE = "request";

    public EvaluationRequest {
        items = List.copyOf(items);
        adapters = List.copyOf(adapters);
        require(!items.isEmpty(), "items", "is empty; give at least one {\"prompt\", \"response\"}");
        require(items.size() <= MAX_ITEMS, "items", "has " + items.size() + " items, at most " + MAX_ITEMS);
        require(adapters.size() <= MAX_ADAPTERS, "adapters", "has " + adapters.size() + ", at most " + MAX_ADAPTERS);
        require(new HashSet<>(adapters).size() == adapters.size(), "adapters", "names one twice; name each once");
        require(
                maxTokens >= 1 && maxTokens <= MAX_TOKENS,
                "max_tokens",
                "is " + maxTokens + ", expected 1 to " + MAX_TOKENS);
    }

    private static void require(boolean holds, String field, String problem) {
        if (!holds) {
            throw new InvalidInputException(SOURCE, field, problem);
        }
    }

    /**
     * Reads the body of a request.
     *
     * @throws InvalidInputException naming the field that is missing, of the wrong type, blank or beyond a limit
     */
    public static EvaluationRequest of(JsonValue.Obj body) {
        JsonValue.Arr list = body.array("items");
        require(list.size() <= MAX_ITEMS, "items", "has " + list.size() + " items, at most " + MAX_ITEMS);
        List<TaskItem> items = new ArrayList<>(list.size());
        for (JsonValue.Obj item : list.objects()) {
            items.add(item(item, "items[" + items.size() + "]"));
        }
        return new EvaluationRequest(
                items,
                body.has("adapters") ? body.array("adapters").strings() : List.of(),
                body.has("max_tokens") ? body.int32("max_tokens") : DEFAULT_TOKENS);
    }

    private static TaskItem item(JsonValue.Obj json, String place) {
        TaskItem item = new TaskItem(
                json.string("prompt"), json.string("response"), json.has("system") ? json.string("system") : "");
        require(!item.prompt().isBlank(), place + ".prompt", "is blank; write the prompt there or remove the item");
        require(!item.response().isBlank(), place + ".response", "is blank; an item that is scored needs an answer");
        return item;
    }
}
