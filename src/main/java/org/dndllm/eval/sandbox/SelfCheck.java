package org.dndllm.eval.sandbox;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Tries the walls before anybody relies on them: a kernel, a container or a security module may grant a namespace and
 * still not do what it should.
 */
final class SelfCheck {
    private static final int PROCESSES = 6;
    private static final String PROGRAM = """
            read -r home
            for place in / /usr /dev /etc; do
                if (: >"$place/dnd-self-check") 2>/dev/null; then echo "it can write to $place"; fi
            done
            if [ -e /proc/self ]; then echo "it sees processes"; fi
            if [ -e "$home" ]; then echo "it sees $home"; fi
            if [ -e /sys/class/net ]; then echo "it sees devices"; fi
            if unshare --user true 2>/dev/null; then echo "it can make namespaces"; fi
            if ! true | cat; then echo "it cannot start processes"; fi
            echo end
            i=0
            while [ $i -lt COUNT ]; do
                sleep 60 &
                i=$((i + 1))
            done
            sleep 60
            """;

    private SelfCheck() {}

    static void run() {
        SandboxLimits limits = SandboxLimits.of(Duration.ofSeconds(5)).withProcesses(PROCESSES);
        SandboxRun run = Sandbox.unchecked(Interpreter.shell(), limits)
                .run(PROGRAM.replace("COUNT", String.valueOf(PROCESSES + 2)), home() + "\n");
        if (!run.stdout().equals("end\n")) {
            throw Sandbox.unavailable(
                    "a program that tried to get out reported: " + (run.stdout() + run.stderr()).strip());
        }
        if (run.ending() != Ending.PROCESSES) {
            throw Sandbox.unavailable("its number of processes cannot be limited (" + run.ending() + ")");
        }
    }

    /** Some services' users live in a folder that everybody sees. */
    private static String home() {
        Path home = Path.of(System.getProperty("user.home"));
        boolean common = home.getNameCount() == 0 || home.startsWith("/usr") || home.startsWith("/dev");
        return common ? "/home" : home.toString();
    }
}
