package org.dndllm.eval.sandbox;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;

/**
 * Runs programs that nobody has read. Each run has new namespaces of the Linux kernel and nothing else to work with: no
 * network, no other processes, none of the user's files and variables, a read-only view of {@code /usr} and the
 * interpreter, and one empty folder in memory that vanishes with it. No rights, no way to new namespaces, limits on
 * time, memory, processes, files and output. When the first process ends, all others are killed.
 *
 * <p>What it is not: a wall against a fault in the kernel. A program may call what any unprivileged program may call;
 * who expects attacks on the kernel runs this in a virtual machine of its own.
 *
 * <p>There is no weaker form: where the machine refuses one of the means, {@link #open} says so. A sandbox holds nothing
 * between runs and may be used by many threads.
 */
public final class Sandbox {
    /** Longest program, in bytes of UTF-8; the folder it lies in has 4 MiB. */
    public static final int MAX_PROGRAM = 2 << 20;

    private static final Duration LOOK = Duration.ofMillis(10);
    /** The last line of standard output is the cage's. */
    private static final int STATUS_BYTES = 64;

    private final Interpreter interpreter;
    private final SandboxLimits limits;

    private Sandbox(Interpreter interpreter, SandboxLimits limits) {
        this.interpreter = interpreter;
        this.limits = limits;
    }

    /**
     * A sandbox for programs of one interpreter. Before anything else runs in it, a program of our own tries to get out.
     *
     * @throws EnvironmentException if this machine cannot give what the class promises, or the interpreter does not run
     */
    public static Sandbox open(Interpreter interpreter, SandboxLimits limits) {
        if (!System.getProperty("os.name").equals("Linux")) {
            throw unavailable("this is " + System.getProperty("os.name") + " and not Linux");
        }
        SelfCheck.run();
        Sandbox sandbox = new Sandbox(interpreter, limits);
        SandboxRun empty = sandbox.run("", "");
        if (!empty.succeeded()) {
            throw new EnvironmentException(interpreter.executable() + " does not run in the sandbox (" + empty.ending()
                    + ", exit code " + empty.exitCode() + ", " + empty.stderr().strip()
                    + "); it sees /usr and " + interpreter.readable()
                    + " only, and has the limits that were given. Name another interpreter, or raise the limits");
        }
        return sandbox;
    }

    /** One that was not checked, for the check itself. */
    static Sandbox unchecked(Interpreter interpreter, SandboxLimits limits) {
        return new Sandbox(interpreter, limits);
    }

    /** What runs the programs. */
    public Interpreter interpreter() {
        return interpreter;
    }

    /** The limits of every run. */
    public SandboxLimits limits() {
        return limits;
    }

    /**
     * Runs a program to its end or its limits.
     *
     * @param program what the interpreter reads
     * @param stdin what the program reads; then its input ends
     * @throws InvalidInputException if the program is longer than {@link #MAX_PROGRAM}
     */
    public SandboxRun run(String program, String stdin) {
        byte[] text = program.getBytes(StandardCharsets.UTF_8);
        if (text.length > MAX_PROGRAM) {
            throw new InvalidInputException(
                    "<memory>", "program", "has " + text.length + " bytes, expected at most " + MAX_PROGRAM);
        }
        try (Cage cage = Cage.start(interpreter, limits)) {
            cage.enter(text);
            return watch(cage, stdin);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new EnvironmentException("The run was interrupted; the program was ended. Start it again", e);
        }
    }

    private SandboxRun watch(Cage cage, String stdin) throws InterruptedException {
        long start = System.nanoTime();
        Process process = cage.process();
        OutputTap out = OutputTap.on(process.getInputStream(), limits.outputBytes() + STATUS_BYTES);
        OutputTap err = OutputTap.on(process.getErrorStream(), limits.outputBytes());
        Thread.ofVirtual().start(() -> feed(process.getOutputStream(), stdin));
        Optional<Ending> stopped = Optional.empty();
        while (stopped.isEmpty() && !process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
            stopped = excess(process, Duration.ofNanos(System.nanoTime() - start), out, err);
        }
        if (stopped.isPresent()) {
            cage.end();
        }
        Duration wall = Duration.ofNanos(System.nanoTime() - start);
        String stdout = text(out.bytes());
        String stderr = text(err.bytes());
        if (out.isOver() || err.isOver()) {
            stopped = Optional.of(Ending.OUTPUT);
        }
        return LastLine.read(cage.token(), stopped, stdout, stderr, wall);
    }

    /** What the running program has too much of, if anything. */
    private Optional<Ending> excess(Process process, Duration wall, OutputTap out, OutputTap err) {
        if (out.isOver() || err.isOver()) {
            return Optional.of(Ending.OUTPUT);
        }
        if (wall.compareTo(limits.wall()) > 0) {
            return Optional.of(Ending.TIME);
        }
        Holdings holdings = Holdings.below(process.toHandle());
        if (holdings.tasks() - Cage.OWN_TASKS > limits.processes()) {
            return Optional.of(Ending.PROCESSES);
        }
        return holdings.memory() > limits.memory() ? Optional.of(Ending.MEMORY) : Optional.empty();
    }

    private static void feed(OutputStream stream, String stdin) {
        try (stream) {
            stream.write(stdin.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // the program ended, or closed its input, before it had read all
        }
    }

    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }

    static EnvironmentException unavailable(String reason) {
        return new EnvironmentException(explained(reason));
    }

    static EnvironmentException unavailable(String reason, Throwable cause) {
        return new EnvironmentException(explained(reason), cause);
    }

    private static String explained(String reason) {
        return "Running programs is not available here, because " + reason.replaceAll("[.;\\s]+$", "")
                + ". It needs Linux that lets you make user namespaces, and util-linux 2.38 or later; run it on such a"
                + " machine, or in a container or virtual machine that grants them";
    }
}
