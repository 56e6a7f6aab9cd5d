package org.dndllm.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * A folder of tasks in the official format: {@code <task>_train.json}, {@code <task>_validation.json}, {@code
 * <task>_test.json}, each a list of {@code {prompt, response, system}}, and where it is at hand {@code world.json} with the
 * role of every task. Listing reads no task; {@link #task} reads and checks one.
 */
public final class TaskFolder {
    static final String TRAIN = "_train.json";
    static final String VALIDATION = "_validation.json";
    static final String TEST = "_test.json";

    private static final String WORLD = "world.json";

    private final Path folder;
    private final SortedSet<String> names;
    private final Map<String, TaskRole> roles;

    private TaskFolder(Path folder, SortedSet<String> names, Map<String, TaskRole> roles) {
        this.folder = folder;
        this.names = names;
        this.roles = roles;
    }

    /**
     * Lists a folder.
     *
     * @throws InvalidInputException if it holds no task, or {@code world.json} is malformed or names an absent task
     */
    public static TaskFolder open(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new InvalidInputException(
                    folder.toString(), "folder", "is not a folder; name the one that holds <task>" + TEST);
        }
        SortedSet<String> names = new TreeSet<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                for (String suffix : List.of(TRAIN, VALIDATION, TEST)) {
                    if (name.endsWith(suffix) && name.length() > suffix.length()) {
                        names.add(name.substring(0, name.length() - suffix.length()));
                    }
                }
            }
        } catch (IOException e) {
            throw new InvalidInputException(
                    folder.toString(), "folder", "cannot be listed (" + e.getMessage() + ")", e);
        }
        if (names.isEmpty()) {
            throw new InvalidInputException(
                    folder.toString(), "folder", "holds no <task>" + TRAIN + " and no <task>" + TEST);
        }
        Path world = folder.resolve(WORLD);
        return new TaskFolder(folder, names, Files.exists(world) ? roles(world, names) : Map.of());
    }

    private static Map<String, TaskRole> roles(Path world, SortedSet<String> names) {
        JsonValue.Obj root =
                JsonValue.parse(TaskReader.bytes(world), world.toString()).asObject(world.toString());
        Map<String, TaskRole> roles = new LinkedHashMap<>();
        for (JsonValue.Obj task : root.array("tasks").objects()) {
            String name = task.string("name");
            if (!names.contains(name)) {
                throw new InvalidInputException(
                        world.toString(), task.pathOf("name"), "is '" + name + "', of which there is no file");
            }
            String label = task.string("role");
            TaskRole role = TaskRole.of(label)
                    .orElseThrow(() -> new InvalidInputException(
                            world.toString(),
                            task.pathOf("role"),
                            "is '" + label + "', expected one of " + TaskRole.labels()));
            if (roles.put(name, role) != null) {
                throw new InvalidInputException(
                        world.toString(), task.pathOf("name"), "is '" + name + "' a second time");
            }
        }
        return roles;
    }

    /** Where it is. */
    public Path folder() {
        return folder;
    }

    /** The file that a task's conditions are drawn from. */
    public Path trainFile(String task) {
        return folder.resolve(task + TRAIN);
    }

    /** The file that is scored. */
    public Path testFile(String task) {
        return folder.resolve(task + TEST);
    }

    /** All task names, sorted. */
    public List<String> names() {
        return List.copyOf(names);
    }

    /** Names of the tasks of a role, sorted. */
    public List<String> names(TaskRole role) {
        return names.stream().filter(name -> roles.get(name) == role).toList();
    }

    /** Whether {@code world.json} gives roles. */
    public boolean hasRoles() {
        return !roles.isEmpty();
    }

    /**
     * What {@code task} may be compared with: the tasks of role {@code train} where there are roles, else every other task
     * (leave one out, as the official evaluation does). Never the task itself.
     */
    public List<String> trainingTasks(String task) {
        List<String> training = new ArrayList<>(hasRoles() ? names(TaskRole.TRAIN) : names());
        training.remove(task);
        return training;
    }

    /**
     * Reads a task.
     *
     * @throws InvalidInputException if there is no such task, a file is malformed, or a prompt occurs in two splits,
     *     naming file and item
     */
    public TaskData task(String name) {
        if (!names.contains(name)) {
            throw new InvalidInputException(
                    folder.toString(), "task", "'" + name + "' is not there; there are " + shortList());
        }
        return TaskReader.read(folder, name, Optional.ofNullable(roles.get(name)));
    }

    private String shortList() {
        int shown = 12;
        String list = String.join(", ", names.stream().limit(shown).toList());
        return names.size() > shown ? list + " and " + (names.size() - shown) + " more" : list;
    }
}
