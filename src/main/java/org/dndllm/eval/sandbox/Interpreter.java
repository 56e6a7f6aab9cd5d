package org.dndllm.eval.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.dndllm.EnvironmentException;

/**
 * What runs a program text: called with the path of a file that holds it.
 *
 * @param executable absolute path
 * @param isPython whether it understands tests that are written in Python
 * @param readable folders outside {@code /usr} that it needs, absolute; the program can read all of them
 */
public record Interpreter(Path executable, boolean isPython, List<Path> readable) {
    private static final String WHERE =
            "import sys; print(sys.executable); print(sys.prefix); print(sys.base_prefix); print(sys.version_info[0])";

    public Interpreter {
        readable = List.copyOf(readable);
        for (Path path : readable) {
            if (!path.isAbsolute() || isHome(path)) {
                throw new EnvironmentException("The interpreter " + executable + " needs " + path
                        + ", and programs would see your home folder there. Use an interpreter that is installed in a"
                        + " folder of its own, such as the system's");
            }
        }
    }

    /** The POSIX shell of the system. */
    public static Interpreter shell() {
        return new Interpreter(Path.of("/bin/sh"), false, List.of());
    }

    /**
     * A Python 3 that is on the path or given by path; it is asked where its library is.
     *
     * @throws EnvironmentException if there is none, or it does not answer
     */
    public static Interpreter python(String command) {
        List<String> answer = ask(command);
        if (answer.size() != 4
                || !answer.get(3).equals("3")
                || !Path.of(answer.getFirst()).isAbsolute()) {
            throw new EnvironmentException(
                    command + " is no Python 3 that works (it answered " + answer + "); name one that does");
        }
        Path executable = Path.of(answer.get(0));
        Set<Path> readable = new LinkedHashSet<>();
        for (Path folder : List.of(executable.resolveSibling(""), Path.of(answer.get(1)), Path.of(answer.get(2)))) {
            readable.add(folder);
            readable.add(real(folder));
        }
        readable.removeIf(path -> path.startsWith("/usr") || path.startsWith("/bin"));
        // a folder inside another is shown with it, and must not be mounted below it
        List<Path> outer = readable.stream()
                .filter(path -> readable.stream().noneMatch(other -> !other.equals(path) && path.startsWith(other)))
                .toList();
        return new Interpreter(executable, true, outer);
    }

    /** Runs the interpreter itself, outside of any sandbox; -I keeps modules of the current folder out. */
    private static List<String> ask(String command) {
        try {
            Process process = new ProcessBuilder(command, "-I", "-c", WHERE)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            try (var reader = process.inputReader(StandardCharsets.UTF_8)) {
                return reader.lines().toList();
            }
        } catch (IOException e) {
            throw new EnvironmentException(
                    command + " cannot be run (" + e.getMessage()
                            + "); programs in Python need a Python 3: install it, or name another interpreter",
                    e);
        }
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException e) {
            throw new EnvironmentException("The interpreter's folder " + path + " cannot be read", e);
        }
    }

    /** The home folder, or one that holds it. */
    private static boolean isHome(Path path) {
        Path home = Path.of(System.getProperty("user.home"));
        return home.startsWith(path) || (Files.exists(home) && real(home).startsWith(path));
    }
}
