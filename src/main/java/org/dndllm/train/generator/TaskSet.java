package org.dndllm.train.generator;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.ConditionText;
import org.dndllm.format.JsonValue;
import org.dndllm.train.Example;
import org.dndllm.train.Seeds;
import org.dndllm.train.collect.TaskData;
import org.dndllm.train.collect.TaskItem;

/**
 * The tasks of a generator's training.
 *
 * @param train trained on
 * @param validation never trained on, or the training tasks themselves where no others are set aside: then their
 *     validation items count, or nothing does
 */
public record TaskSet(List<GeneratorTask> train, List<GeneratorTask> validation) {
    private static final String ROLES = "world.json";
    private static final String TRAIN = "train";
    private static final String VALIDATION = "validation";

    public TaskSet {
        train = List.copyOf(train);
        validation = List.copyOf(validation);
    }

    /**
     * What is read of a task folder.
     *
     * @param only names of training tasks, none for all
     * @param text what conditions are made of
     * @param pool items of each training task that conditions are drawn from, 0 for all; a smaller pool of the same seed is
     *     part of a larger one. All items are scored whatever it is, and tasks that are set aside for validation have all
     *     theirs, so that every pool is judged by the same.
     * @param prompts N, the least that a pool may hold
     * @param maxTokens longer items are not scored
     * @param seed of the pools
     */
    public record Selection(List<String> only, ConditionText text, int pool, int prompts, int maxTokens, long seed) {
        public Selection {
            only = List.copyOf(only);
        }

        private Selection withoutPool() {
            return new Selection(only, text, 0, prompts, maxTokens, seed);
        }

        /** For comparing runs. */
        public Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("condition_text", text.label());
            json.put("pool", pool);
            json.put("max_tokens", maxTokens);
            return json;
        }
    }

    /**
     * Reads a folder with {@code NAME_train.json} and the like. {@code world.json}, where there is one, gives roles ({@code
     * {"tasks": [{"name", "role"}]}}): {@code train} and {@code validation}; tasks of other roles are not looked at. Without
     * it all tasks are trained on.
     *
     * @param tokenizer prompt and answer as the model will see them when the adapter is used
     * @throws InvalidInputException for malformed files, unknown names, a task with fewer prompts than the condition needs
     */
    public static TaskSet read(Path folder, Selection selection, Function<TaskItem, Example> tokenizer) {
        Map<String, TaskData> all = new LinkedHashMap<>();
        TaskData.in(folder).forEach(task -> all.put(task.name(), task));
        Map<String, String> roles = roles(folder, all);
        List<String> train = named(roles, TRAIN);
        for (String name : selection.only()) {
            if (!train.contains(name)) {
                String role = roles.containsKey(name) ? "has the role " + roles.get(name) : "is not there";
                throw new InvalidInputException(
                        folder.toString(), name, role + "; expected training tasks among " + train);
            }
        }
        List<String> chosen = train.stream()
                .filter(name -> selection.only().isEmpty() || selection.only().contains(name))
                .toList();
        if (chosen.isEmpty()) {
            throw new InvalidInputException(folder.toString(), ROLES, "gives no task the role train");
        }
        List<GeneratorTask> trained = read(all, chosen, selection, tokenizer);
        List<GeneratorTask> aside = read(all, named(roles, VALIDATION), selection.withoutPool(), tokenizer);
        return new TaskSet(trained, aside.isEmpty() ? trained : aside);
    }

    /** Whether whole tasks are set aside for validation. */
    public boolean setsTasksAside() {
        return !validation.equals(train);
    }

    /** Training tasks, then those set aside: the order of a {@link ConditionStore}. */
    public List<GeneratorTask> all() {
        List<GeneratorTask> all = new ArrayList<>(train);
        if (setsTasksAside()) {
            all.addAll(validation);
        }
        return all;
    }

    private static List<String> named(Map<String, String> roles, String role) {
        return roles.entrySet().stream()
                .filter(entry -> entry.getValue().equals(role))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static Map<String, String> roles(Path folder, Map<String, TaskData> all) {
        Path file = folder.resolve(ROLES);
        Map<String, String> roles = new LinkedHashMap<>();
        if (!Files.isRegularFile(file)) {
            all.keySet().forEach(name -> roles.put(name, TRAIN));
            return roles;
        }
        String source = file.toString();
        try {
            JsonValue.Obj world =
                    JsonValue.parse(Files.readAllBytes(file), source).asObject(source);
            for (JsonValue.Obj task : world.array("tasks").objects()) {
                String name = task.string("name");
                if (!all.containsKey(name)) {
                    throw new InvalidInputException(
                            source, task.pathOf("name"), "is '" + name + "', but there is no " + name + "_train.json");
                }
                roles.put(name, task.string("role"));
            }
            return roles;
        } catch (IOException e) {
            throw new InvalidInputException(source, "file", "cannot be read (" + e + ")", e);
        }
    }

    private static List<GeneratorTask> read(
            Map<String, TaskData> all, List<String> names, Selection selection, Function<TaskItem, Example> tokenizer) {
        List<GeneratorTask> tasks = new ArrayList<>(names.size());
        for (String name : names) {
            TaskData data = java.util.Objects.requireNonNull(all.get(name));
            TaskData.Split split = data.read(0, selection.seed());
            List<TaskItem> pool = pool(data, split.train(), selection);
            tasks.add(new GeneratorTask(
                    name,
                    data.sha256(),
                    texts(pool, selection.text()),
                    examples(split.train(), selection, tokenizer),
                    examples(split.validation(), selection, tokenizer)));
        }
        return tasks;
    }

    private static List<String> texts(List<TaskItem> pool, ConditionText kind) {
        List<String> texts = new ArrayList<>(pool.size());
        for (TaskItem item : pool) {
            texts.add(kind.of(texts.size(), item.prompt(), item.response()));
        }
        return texts;
    }

    private static List<TaskItem> pool(TaskData data, List<TaskItem> items, Selection selection) {
        int size = selection.pool() == 0 ? items.size() : selection.pool();
        if (selection.pool() != 0 && size < selection.prompts()) {
            throw new InvalidInputException(
                    "<arguments>",
                    "pool",
                    "a pool of " + size + " prompts is smaller than the " + selection.prompts()
                            + " of a condition; raise it or lower the number of prompts");
        }
        int least = Math.max(size, selection.prompts());
        if (items.size() < least) {
            throw new InvalidInputException(
                    data.train().toString(),
                    "items",
                    "has " + items.size() + " prompts, fewer than the " + least
                            + " that conditions are drawn from; add prompts, draw fewer, make the pool smaller, or"
                            + " leave this task out");
        }
        int[] drawn = Draws.distinct(
                items.size(), size, Seeds.mix(selection.seed(), data.name().hashCode()));
        return java.util.Arrays.stream(drawn).mapToObj(items::get).toList();
    }

    private static List<Example> examples(
            List<TaskItem> items, Selection selection, Function<TaskItem, Example> tokenizer) {
        return items.stream()
                .map(tokenizer)
                .filter(example -> example.tokens().length <= selection.maxTokens())
                .toList();
    }
}
