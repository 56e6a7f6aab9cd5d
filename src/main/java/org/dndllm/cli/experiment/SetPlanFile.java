package org.dndllm.cli.experiment;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.eval.TaskFolder;
import org.dndllm.eval.TaskRole;
import org.dndllm.format.JsonValue;
import org.dndllm.train.LoraSettings;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.generator.Objective;

/**
 * {@code SET/experiments.json}: what the experiments on somebody's own base model and tasks are. A set without that file is
 * taken for a nano set.
 *
 * <pre>{@code
 * {"compact": "--family compact --objective task ... --seed 1",
 *  "paper": "--family paper --objective recon ... --seed 1",
 *  "task_count": [["ARC-e"], ["ARC-e", "OBQA"]],
 *  "narrow": {"title": "two science sets", "tasks": ["ARC-e", "ARC-c"]},
 *  "leave_one_out": ["ARC-c", "OBQA"],
 *  "kinds": [{"title": "science", "tasks": ["ARC-e", "ARC-c"]}],
 *  "answer_types": [{"title": "a letter", "tasks": ["ARC-c", "OBQA"]}],
 *  "training_pool": [16, 64, 256],
 *  "tuning": {"rank": 8, "alpha": 16, "steps": 300, "batch": 16, "learning_rate": 1e-4, "warmup": 10, "seed": 1}}
 * }</pre>
 *
 * Only {@code compact} is needed. Roles of tasks are in {@code SET/tasks/world.json}.
 */
final class SetPlanFile {
    private static final String SEED = "--seed";

    private final Path file;
    private final JsonValue.Obj root;
    private final TaskFolder tasks;
    private final List<String> training;

    private SetPlanFile(Path file, TaskFolder tasks) {
        this.file = file;
        this.tasks = tasks;
        root = JsonValue.parse(bytes(file), file.toString()).asObject(file.toString());
        training = tasks.names(TaskRole.TRAIN);
        if (training.isEmpty()) {
            throw new InvalidInputException(
                    tasks.folder().resolve("world.json").toString(),
                    "tasks",
                    "give no task the role train; an experiment needs such tasks, and held_out ones to be scored");
        }
    }

    /**
     * The plan of a set.
     *
     * @throws InvalidInputException naming file and field, when it is malformed or names a task that is not there
     */
    static SetPlan of(Path set) {
        Path file = set.resolve(SetPlan.FILE);
        return Files.exists(file)
                ? new SetPlanFile(file, TaskFolder.open(set.resolve("tasks"))).plan()
                : SetPlan.nano();
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (java.io.IOException e) {
            throw new EnvironmentException(file + ": cannot be read (" + e + "); check its permissions", e);
        }
    }

    private SetPlan plan() {
        NanoRecipe.Generator compact = generator("compact", root.string("compact"));
        List<SetPlan.Subset> fewer = fewer();
        return new SetPlan(
                compact,
                root.has("paper") ? Optional.of(generator("paper", root.string("paper"))) : Optional.empty(),
                false,
                training,
                fewer,
                root.has("narrow") ? Optional.of(narrow(root.object("narrow"), fewer)) : Optional.empty(),
                root.has("leave_one_out") ? leftOut(root.array("leave_one_out")) : List.of(),
                root.has("kinds")
                        ? root.array("kinds").objects().stream().map(this::kind).toList()
                        : List.of(),
                root.has("answer_types")
                        ? root.array("answer_types").objects().stream()
                                .map(this::answers)
                                .toList()
                        : List.of(),
                root.has("training_pool") ? pools(compact) : List.of(),
                root.has("tuning") ? Optional.of(tuning(root.object("tuning"))) : Optional.empty());
    }

    private NanoRecipe.Generator generator(String family, String text) {
        List<String> flags = List.of(text.strip().split("\\s+"));
        if (!value(flags, SEED).matches("\\d{1,18}")) {
            throw bad(root.pathOf(family), "lacks '--seed N', which the jobs of other seeds change");
        }
        if (!value(flags, "--family").equals(family)) {
            throw bad(
                    root.pathOf(family), "lacks '--family " + family + "'; write the flags of dnd train but for files");
        }
        String objective = value(flags, "--objective");
        if (objective.isEmpty()) {
            throw bad(root.pathOf(family), "lacks '--objective O', which tells whether it learns from checkpoints");
        }
        boolean checkpoints = Objective.named(objective).reconstructs();
        return new NanoRecipe.Generator(family, flags, checkpoints);
    }

    /** Empty where the flag or its value is missing. */
    private static String value(List<String> flags, String flag) {
        int at = flags.indexOf(flag) + 1;
        return at == 0 || at == flags.size() ? "" : flags.get(at);
    }

    private List<SetPlan.Subset> fewer() {
        List<SetPlan.Subset> fewer = new ArrayList<>();
        if (!root.has("task_count")) {
            return fewer;
        }
        JsonValue.Arr lists = root.array("task_count");
        for (JsonValue.Arr list : lists.arrays()) {
            List<String> names = trained(list.strings(), root.pathOf("task_count"));
            if (!fewer.isEmpty() && names.size() <= fewer.getLast().tasks().size()) {
                throw bad(root.pathOf("task_count"), "must grow from list to list");
            }
            if (names.size() >= training.size()) {
                throw bad(root.pathOf("task_count"), "must stay below all " + training.size() + " training tasks");
            }
            fewer.add(new SetPlan.Subset("tasks-" + names.size(), title(names.size()), names));
        }
        return fewer;
    }

    private static String title(int count) {
        return count == 1 ? "1 task" : count + " tasks";
    }

    private SetPlan.Subset narrow(JsonValue.Obj json, List<SetPlan.Subset> fewer) {
        List<String> names = trained(json.array("tasks").strings(), json.pathOf("tasks"));
        if (fewer.stream().noneMatch(few -> few.tasks().size() == names.size())) {
            throw bad(
                    json.pathOf("tasks"),
                    "has " + names.size() + " tasks, as no list of task_count has; the two are compared");
        }
        return new SetPlan.Subset(
                "tasks-" + names.size() + "-narrow", title(names.size()) + ": " + json.string("title"), names);
    }

    private List<String> leftOut(JsonValue.Arr list) {
        List<String> names = trained(list.strings(), root.pathOf("leave_one_out"));
        if (training.size() < 2) {
            throw bad(root.pathOf("leave_one_out"), "leaves nothing to train on: there is one training task");
        }
        scored(names, root.pathOf("leave_one_out"));
        return names;
    }

    private SetPlan.Kind kind(JsonValue.Obj json) {
        String title = json.string("title");
        String slug =
                title.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-").replaceAll("^-|-$", "");
        if (slug.isEmpty()) {
            throw bad(json.pathOf("title"), "is '" + title + "'; it needs a letter or digit, to name a job");
        }
        Set<String> names = new LinkedHashSet<>(json.array("tasks").strings());
        known(names, tasks.names(), json.pathOf("tasks"), "a task of the set");
        if (names.containsAll(training)) {
            throw bad(json.pathOf("tasks"), "leaves no task to train on");
        }
        if (tasks.names(TaskRole.VALIDATION).stream().anyMatch(names::contains)) {
            throw bad(
                    json.pathOf("tasks"),
                    "holds a task of the role validation: that would choose the step by the kind that is left out");
        }
        scored(names, json.pathOf("tasks"));
        Set<String> others = new HashSet<>(tasks.names(TaskRole.HELD_OUT));
        others.removeAll(names);
        return new SetPlan.Kind("without-kind-" + slug, title, names, others);
    }

    private SetPlan.AnswerType answers(JsonValue.Obj json) {
        List<String> names = json.array("tasks").strings();
        known(names, tasks.names(TaskRole.HELD_OUT), json.pathOf("tasks"), "a task of the role held_out");
        return new SetPlan.AnswerType(json.string("title"), Set.copyOf(names));
    }

    private List<Integer> pools(NanoRecipe.Generator compact) {
        if (!value(compact.flags(), "--prompts").matches("[1-9]\\d{0,6}")) {
            throw bad(root.pathOf("compact"), "lacks '--prompts N', which the jobs of training_pool change");
        }
        List<Integer> sizes = new ArrayList<>();
        for (long size : root.array("training_pool").integers()) {
            if (size <= (sizes.isEmpty() ? 0 : sizes.getLast()) || size > 1_000_000) {
                throw bad(root.pathOf("training_pool"), "has " + size + "; expected sizes from 1 on that grow");
            }
            sizes.add((int) size);
        }
        if (sizes.isEmpty()) {
            throw bad(root.pathOf("training_pool"), "is empty; leave it out, or name sizes");
        }
        return sizes;
    }

    private SetPlan.Tuning tuning(JsonValue.Obj json) {
        int batch = json.int32("batch");
        if (batch < 1) {
            throw bad(json.pathOf("batch"), "is " + batch + ", expected at least 1");
        }
        int rank = json.int32("rank");
        long steps = json.integer("steps");
        long warmup = json.has("warmup") ? json.integer("warmup") : 0;
        TrainingOptions options = TrainingOptions.of(steps, json.number("learning_rate"), 1)
                .withSchedule(warmup, 0)
                .withLimits(0, 1);
        float alpha = json.has("alpha") ? (float) json.number("alpha") : 2f * rank;
        LoraSettings lora =
                new LoraSettings(rank, alpha, LoraSettings.official(rank).modules(), 0);
        return new SetPlan.Tuning(
                new NanoRecipe.Adapters(lora, batch, options, 1, steps), json.has("seed") ? json.integer("seed") : 1);
    }

    /** What is left out is evaluated on. */
    private void scored(Iterable<String> names, String field) {
        for (String name : names) {
            if (!Files.exists(tasks.testFile(name))) {
                throw bad(field, "names '" + name + "', which has no test split: add " + tasks.testFile(name));
            }
        }
    }

    private List<String> trained(List<String> names, String field) {
        known(names, training, field, "a task of the role train");
        return names;
    }

    private void known(Iterable<String> names, List<String> all, String field, String what) {
        Set<String> seen = new HashSet<>();
        for (String name : names) {
            if (!all.contains(name)) {
                throw bad(field, "names '" + name + "', which is not " + what + "; there are " + all);
            }
            if (!seen.add(name)) {
                throw bad(field, "names '" + name + "' twice");
            }
        }
        if (seen.isEmpty()) {
            throw bad(field, "is empty; leave it out, or name tasks");
        }
    }

    private InvalidInputException bad(String field, String problem) {
        return new InvalidInputException(file.toString(), field, problem);
    }
}
