package org.dndllm.train.collect;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;
import org.dndllm.format.Sha256;
import org.dndllm.train.Seeds;

/**
 * The files of one task in a folder: {@code NAME_train.json}, optionally {@code NAME_validation.json}, optionally {@code
 * NAME_test.json}, which is read for one purpose: to refuse training items that are also test items.
 *
 * @param name of the task
 * @param train labelled items to train on
 * @param validation labelled items that decide when training ends
 * @param test never trained on
 */
public record TaskData(String name, Path train, Optional<Path> validation, Optional<Path> test) {
    private static final String TRAIN = "_train.json";

    /** Items to train on and to validate on; disjoint. */
    public record Split(List<TaskItem> train, List<TaskItem> validation) {
        public Split {
            train = List.copyOf(train);
            validation = List.copyOf(validation);
        }
    }

    /**
     * All tasks of a folder, by name.
     *
     * @throws InvalidInputException when there is none
     */
    public static List<TaskData> in(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(folder.toString(), "folder", "is not a folder; name one with *_train.json");
        }
        try (Stream<Path> files = Files.list(folder)) {
            List<TaskData> tasks = files.filter(
                            file -> file.getFileName().toString().endsWith(TRAIN))
                    .sorted(Comparator.comparing(Path::toString))
                    .map(TaskData::of)
                    .toList();
            if (tasks.isEmpty()) {
                throw new InvalidInputException(
                        folder.toString(), "folder", "holds no *_train.json; name one with official task files");
            }
            return tasks;
        } catch (IOException e) {
            throw new EnvironmentException(folder + ": cannot be listed (" + e + "); check its permissions", e);
        }
    }

    private static TaskData of(Path train) {
        String file = train.getFileName().toString();
        String name = file.substring(0, file.length() - TRAIN.length());
        return new TaskData(
                name,
                train,
                Optional.of(train.resolveSibling(name + "_validation.json")).filter(Files::isRegularFile),
                Optional.of(train.resolveSibling(name + "_test.json")).filter(Files::isRegularFile));
    }

    /**
     * Reads and splits the task.
     *
     * @param validationShare of the training items that validate where there is no validation file, 0 for none
     * @param seed of that split
     * @throws InvalidInputException for a malformed file, an empty answer, or an item that is in two splits
     */
    public Split read(double validationShare, long seed) {
        List<TaskItem> items = read(train);
        Set<String> forbidden = new HashSet<>();
        if (test.isPresent()) {
            read(test.get()).forEach(item -> forbidden.add(item.question()));
        }
        requireApart(items, train, forbidden, "the test split");
        if (validation.isPresent()) {
            List<TaskItem> held = read(validation.get());
            requireApart(held, validation.get(), forbidden, "the test split");
            held.forEach(item -> forbidden.add(item.question()));
            requireApart(items, train, forbidden, "the validation split");
            return new Split(items, held);
        }
        return split(items, validationShare, seed);
    }

    /** Items with the same question stay together. */
    private Split split(List<TaskItem> items, double share, long seed) {
        Map<String, List<TaskItem>> questions = new LinkedHashMap<>();
        items.forEach(item -> questions
                .computeIfAbsent(item.question(), question -> new ArrayList<>())
                .add(item));
        List<List<TaskItem>> shuffled = new ArrayList<>(questions.values());
        java.util.Collections.shuffle(shuffled, new Random(Seeds.mix(seed, name.hashCode())));
        int held = (int) Math.round(share * shuffled.size());
        if (share > 0 && (held == 0 || held == shuffled.size())) {
            throw new InvalidInputException(
                    train.toString(),
                    "items",
                    "has " + shuffled.size() + " questions, too few to hold " + share
                            + " of them for validation; add items or change the share");
        }
        return new Split(
                shuffled.subList(held, shuffled.size()).stream()
                        .flatMap(List::stream)
                        .toList(),
                shuffled.subList(0, held).stream().flatMap(List::stream).toList());
    }

    /** Hash of the files that are trained and validated on. */
    public String sha256() {
        return validation.map(file -> Sha256.of(train) + "+" + Sha256.of(file)).orElseGet(() -> Sha256.of(train));
    }

    private static void requireApart(List<TaskItem> items, Path file, Set<String> others, String where) {
        for (int i = 0; i < items.size(); i++) {
            if (others.contains(items.get(i).question())) {
                throw new InvalidInputException(
                        file.toString(),
                        "item " + (i + 1),
                        "is also in " + where + ": \""
                                + items.get(i).prompt().lines().findFirst().orElse("")
                                + "\"; remove it from one of them");
            }
        }
    }

    /** The official format: a list of objects with prompt, response and system. */
    private static List<TaskItem> read(Path file) {
        String source = file.toString();
        List<TaskItem> items = new ArrayList<>();
        try {
            if (!(JsonValue.parse(Files.readAllBytes(file), source) instanceof JsonValue.Arr list)) {
                throw new InvalidInputException(
                        source, "JSON", "is not a list; expected [{\"prompt\", \"response\", \"system\"}, ...]");
            }
            for (JsonValue.Obj item : list.objects()) {
                items.add(item(item));
            }
        } catch (IOException e) {
            throw new InvalidInputException(source, "file", "cannot be read (" + e + ")", e);
        }
        if (items.isEmpty()) {
            throw new InvalidInputException(source, "items", "there are none; expected at least one");
        }
        return items;
    }

    private static TaskItem item(JsonValue.Obj item) {
        String prompt = item.string("prompt");
        String response = item.string("response");
        if (prompt.isBlank() || response.isBlank()) {
            String field = prompt.isBlank() ? "prompt" : "response";
            throw new InvalidInputException(
                    item.source(), item.pathOf(field), "is blank; write it, or remove the item");
        }
        return new TaskItem(prompt, response, item.has("system") ? item.string("system") : "");
    }
}
