package org.dndllm.cli.nano;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;

/** {@code tasks/}: the task files of the world. */
record WorldStage(NanoWorld world) implements Stage.Work {
    static final String TASKS = "tasks";

    @Override
    public Map<String, ?> run(Workplace workplace) {
        Path tasks = workplace.folder().resolve(TASKS);
        if (!Files.exists(tasks)) {
            world.writeTasks(tasks);
        }
        Map<String, Object> counts = new LinkedHashMap<>();
        for (Role role : Role.values()) {
            counts.put(role.label(), world.tasks(role).size());
        }
        return counts;
    }
}
