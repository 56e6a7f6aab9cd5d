package org.dndllm.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.dndllm.EnvironmentException;
import org.dndllm.NativeFailureException;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A program in another language that does the same work in a process of its own and prints one JSON object.
 *
 * @param program a script of native/bench, or another with the same arguments and answer
 */
record BenchPeer(Path program) {
    /**
     * Runs it to its end.
     *
     * @throws EnvironmentException if it cannot be started, fails or does not answer with JSON
     */
    JsonNode run(Object... arguments) {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        try {
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (process.waitFor() != 0) {
                throw new EnvironmentException(program + " failed; run it by hand to see why");
            }
            return JsonMapper.shared().readTree(answer);
        } catch (JacksonException e) {
            throw new EnvironmentException(program + " answers with something else than JSON; is it the right one?", e);
        } catch (IOException e) {
            throw new EnvironmentException(program + " cannot be run: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NativeFailureException("interrupted while " + program + " ran", e);
        }
    }

    /** A number of its answer. */
    double number(JsonNode answer, String... path) {
        JsonNode node = answer;
        for (String name : path) {
            node = node.path(name);
        }
        if (!node.isNumber()) {
            throw new EnvironmentException(
                    program + " gives no number " + String.join(".", path) + "; is it the right program?");
        }
        return node.asDouble();
    }
}
