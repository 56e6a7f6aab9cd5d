package org.dndllm.train.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A process that takes steps for ever; its file has {@code (} when a step begins and {@code )} when it ends. */
final class EndlessSteps {
    private EndlessSteps() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        Path file = Path.of(arguments[0]);
        while (true) {
            try (ExitGate gate = ExitGate.step()) {
                Files.writeString(file, "(", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                Thread.sleep(300);
                Files.writeString(file, ")", StandardOpenOption.APPEND);
            }
        }
    }
}
