package org.dndllm.eval.sandbox;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.dndllm.EnvironmentException;

/**
 * The process tree of one run: {@code unshare(1)} in new namespaces, below it process 1 of them, which {@code cage.sh}
 * drives, below it the program. Closing ends them all.
 *
 * <p>The maps of users are written from here. Where the JVM runs as root, the program gets a user of its own (nobody
 * outside), because no limit on processes binds root; a user's own identity is mapped otherwise, and has no rights
 * left inside.
 */
final class Cage implements AutoCloseable {
    private static final String SCRIPT = script();
    private static final List<String> UNSHARE = List.of(
            "unshare",
            "--user",
            "--keep-caps", // until the maps are there, process 1 has a user but no name for it
            "--mount",
            "--pid",
            "--net",
            "--ipc",
            "--uts",
            "--fork",
            "--kill-child",
            "sh",
            "-c",
            SCRIPT,
            "cage");
    /** Seconds beyond the limit on the clock after which the tree ends without help from this JVM. */
    private static final int GUARD = 5;
    /** Tasks of the cage itself: process 1 and timeout(1). */
    static final int OWN_TASKS = 2;

    private static final int NOBODY = 65534;

    private final Process process;
    private final String token;

    private Cage(Process process) {
        this.process = process;
        this.token = UUID.randomUUID().toString();
    }

    /** Starts the processes; they wait for {@link #enter}. */
    static Cage start(Interpreter interpreter, SandboxLimits limits) {
        List<String> command = new ArrayList<>(UNSHARE);
        interpreter.readable().forEach(path -> command.add(path.toString()));
        ProcessBuilder builder = new ProcessBuilder(command);
        Map<String, String> environment = builder.environment();
        environment.clear(); // keys and tokens of the caller
        environment.put("INTERPRETER", interpreter.executable().toString());
        environment.put("DROP", isRoot() ? "yes" : "");
        environment.put("GUARD", String.valueOf(limits.wall().toSeconds() + GUARD));
        environment.put("MEMORY", String.valueOf(limits.memory()));
        environment.put("CPU", String.valueOf(limits.cpu().toSeconds()));
        environment.put("PROCESSES", String.valueOf(taskLimit(limits)));
        environment.put("FILES", String.valueOf(limits.openFiles()));
        environment.put("FILE", String.valueOf(limits.fileBytes()));
        environment.put("FOLDER", String.valueOf(limits.folderBytes()));
        try {
            return new Cage(builder.directory(Path.of("/").toFile()).start());
        } catch (IOException e) {
            throw Sandbox.unavailable("unshare (util-linux) cannot be run: " + e.getMessage(), e);
        }
    }

    /**
     * One more than the program may have, so that it can be seen to go too far. The kernel counts by user: without a
     * user of its own, the program shares the count with unshare and the cage.
     */
    private static int taskLimit(SandboxLimits limits) {
        return limits.processes() + 1 + (isRoot() ? 0 : OWN_TASKS + 1);
    }

    /**
     * Builds the room and starts the program in it.
     *
     * @throws EnvironmentException if this machine refuses one of the steps; the program has not run then
     */
    void enter(byte[] program) {
        try {
            expect("up");
            mapUsers();
            OutputStream in = process.getOutputStream();
            in.write((token + "\n" + program.length + "\n").getBytes(StandardCharsets.UTF_8));
            in.write(program);
            in.flush();
            expect(token + " ready");
        } catch (IOException e) {
            throw refused(String.valueOf(e.getMessage()), e);
        }
    }

    private void expect(String line) throws IOException {
        String found = line(process.getInputStream());
        if (!found.equals(line)) {
            throw new IOException("expected a line from cage.sh, found '" + found + "'");
        }
    }

    /** Read byte by byte: what follows the line is the program's output. */
    private static String line(InputStream stream) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = stream.read(); next >= 0 && next != '\n'; next = stream.read()) {
            line.append((char) next);
        }
        return line.toString();
    }

    private void mapUsers() throws IOException {
        Path folder = Path.of("/proc", String.valueOf(process.pid()));
        if (isRoot()) {
            Files.writeString(folder.resolve("uid_map"), "0 0 1\n1 " + NOBODY + " 1\n");
            Files.writeString(folder.resolve("gid_map"), "0 0 1\n1 " + NOBODY + " 1\n");
        } else {
            Files.writeString(folder.resolve("setgroups"), "deny"); // or the kernel refuses the map of groups
            Files.writeString(folder.resolve("uid_map"), "0 " + self("uid") + " 1\n");
            Files.writeString(folder.resolve("gid_map"), "0 " + self("gid") + " 1\n");
        }
    }

    private static boolean isRoot() {
        return self("uid") == 0;
    }

    private static int self(String id) {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:" + id);
        } catch (IOException e) {
            throw Sandbox.unavailable("/proc/self cannot be read: " + e.getMessage(), e);
        }
    }

    private EnvironmentException refused(String problem, IOException cause) {
        end();
        String said = "";
        try (InputStream errors = process.getErrorStream()) {
            said = new String(errors.readAllBytes(), StandardCharsets.UTF_8)
                    .strip()
                    .replaceAll("\\s*\\R\\s*", "; ");
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
        return Sandbox.unavailable(said.isEmpty() ? problem : said, cause);
    }

    /** Process, its streams and its tree; standard input is the program's from now on. */
    Process process() {
        return process;
    }

    /** What only this object and process 1 know. */
    String token() {
        return token;
    }

    /** Ends all processes: the kernel kills a namespace with its process 1, and unshare waits for that. */
    void end() {
        process.children().forEach(ProcessHandle::destroyForcibly);
        try {
            if (!process.waitFor(GUARD, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly(); // takes process 1 with it (--kill-child)
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() {
        end();
        for (Closeable stream :
                List.of(process.getInputStream(), process.getErrorStream(), process.getOutputStream())) {
            try {
                stream.close();
            } catch (IOException e) {
                // a broken pipe: the program did not read all of its input
            }
        }
    }

    private static String script() {
        try (InputStream in = Cage.class.getResourceAsStream("cage.sh")) {
            if (in == null) {
                throw new AssertionError("cage.sh is missing from this build");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
