package org.dndllm.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.eval.TaskFolder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which tasks a command looks at, and where the LoRAs trained on them are. */
final class TaskFlags {
    @Option(names = "--tasks", paramLabel = "DIR", description = "Task folder. Default: the embedded nano tasks.")
    private @Nullable Path tasks;

    @Option(
            names = "--task",
            paramLabel = "NAME",
            description =
                    "Take this task; may be given several times. Default: the held-out tasks where world.json gives"
                            + " roles, else every task.")
    private List<String> names = List.of();

    @Option(
            names = {"--lora-dir", "--loras"},
            paramLabel = "DIR",
            description = "Trained LoRAs, as PEFT folders: DIR/<task>, and DIR/multitask for the control of that name."
                    + " Default: with the embedded tasks and base the embedded ones.")
    private @Nullable Path loras;

    TaskFolder folder() {
        return TaskFolder.open(
                Optional.ofNullable(tasks).orElseGet(() -> NanoSet.embedded().tasks()));
    }

    /** The tasks that were named, in that order; empty when none was. */
    List<String> names() {
        return names;
    }

    /** Where trained LoRAs are, if anywhere: the embedded ones suit the embedded tasks and base only. */
    Optional<Path> trainedLoras(EngineFlags engine) {
        if (loras != null || tasks != null || !engine.isEmbeddedModel()) {
            return Optional.ofNullable(loras);
        }
        return NanoSet.embedded().adapters();
    }
}
