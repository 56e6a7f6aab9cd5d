package org.dndllm.eval.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What hostile programs of the shell can do. After each one a harmless program runs, and no process is left. */
class SandboxIT {
    private static final long MIB = 1 << 20;
    private static final SandboxLimits LIMITS = new SandboxLimits(
            Duration.ofSeconds(2), Duration.ofSeconds(2), 128 * MIB, 12, 32, MIB, 4 * MIB, (int) (64 * MIB / 1024));

    /** Seconds that no other sleep on this machine sleeps: how a program's processes are found from outside. */
    private final String nap = "3" + Math.abs(UUID.randomUUID().hashCode()) + ".5";

    @TempDir
    Path folder;

    private static Sandbox sandbox;

    @BeforeAll
    static void open() {
        sandbox = Sandboxes.shell(LIMITS);
    }

    @AfterEach
    void machineIsHealthy() {
        SandboxRun run = sandbox.run("echo fine", "");
        assertThat(run.succeeded()).as(run.toString()).isTrue();
        assertThat(run.stdout()).isEqualTo("fine\n");
        assertThat(ProcessHandle.current().descendants()).isEmpty();
        assertThat(ProcessHandle.allProcesses()
                        .filter(process ->
                                process.info().commandLine().orElse("").contains(nap)))
                .isEmpty();
    }

    @Test
    void harmless_readsItsInputAndWritesItsOutput() {
        SandboxRun run = sandbox.run("cat; echo problem >&2; exit 3", "one\ntwo");

        assertThat(run.stdout()).isEqualTo("one\ntwo");
        assertThat(run.stderr()).isEqualTo("problem\n");
        assertThat(run.ending()).isEqualTo(Ending.EXITED);
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.succeeded()).isFalse();
    }

    @Test
    void harmless_longInputThatNobodyReads_ends() {
        assertThat(sandbox.run("exit 0", "x".repeat(1 << 20)).succeeded()).isTrue();
    }

    @Test
    void forkBomb_isProcesses() {
        SandboxRun run = sandbox.run("bomb() { bomb & bomb & wait; }\nwhile :; do bomb; done", "");

        assertThat(run.ending()).isEqualTo(Ending.PROCESSES);
    }

    @Test
    void forkBomb_leftBehindByAnEndThatLooksGood_isProcesses() {
        SandboxRun run = sandbox.run("bomb() { bomb | bomb & }\nbomb\nexit 0", "");

        assertThat(run.ending()).isEqualTo(Ending.PROCESSES);
    }

    @Test
    void manyProcesses_thatAllWait_isProcesses() {
        SandboxRun run = sandbox.run("while :; do sleep " + nap + " & done", "");

        assertThat(run.ending()).isEqualTo(Ending.PROCESSES);
    }

    @Test
    void tenGigabytes_inOneProcess_isMemory() {
        SandboxRun run = sandbox.run("head -c 10G /dev/zero | tail -n 1 >/dev/null", "");

        assertThat(run.ending()).isEqualTo(Ending.MEMORY);
    }

    @Test
    void memory_sharedOutOverProcesses_isMemory() {
        SandboxRun run = Sandboxes.shell(LIMITS.withProcesses(40))
                .run(
                        "for i in 1 2 3 4; do { head -c 60M /dev/zero; sleep " + nap
                                + "; } | tail -n 1 >/dev/null & done\nwait",
                        "");

        assertThat(run.ending()).isEqualTo(Ending.MEMORY);
        assertThat(run.exitCode()).isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "while :; do :; done",
                "trap '' TERM INT HUP XCPU\nwhile :; do :; done",
                "sleep NAP",
                "cat /dev/zero >/dev/null"
            })
    void endless_isTime(String program) {
        SandboxRun run = sandbox.run(program.replace("NAP", nap), "");

        assertThat(run.ending()).isEqualTo(Ending.TIME);
        assertThat(run.wall()).isBetween(Duration.ofMillis(1900), Duration.ofSeconds(20));
    }

    @ParameterizedTest
    @ValueSource(strings = {"yes", "yes >&2", "cat /dev/zero", "head -c 3M /dev/zero >file"})
    void flood_isOutput(String program) {
        SandboxRun run = sandbox.run(program, "");

        assertThat(run.ending()).isEqualTo(Ending.OUTPUT);
        assertThat(run.stdout().length()).isLessThanOrEqualTo(LIMITS.outputBytes() + 64);
        assertThat(run.stderr().length()).isLessThanOrEqualTo(LIMITS.outputBytes());
    }

    @Test
    void fullFolder_isAnErrorOfTheProgram() {
        SandboxRun run = sandbox.run("for i in 1 2 3 4 5 6; do head -c 900K /dev/zero >$i || exit 7; done", "");

        assertThat(run.exitCode()).isEqualTo(7);
    }

    @Test
    void writing_outsideItsFolder_isRefused() throws IOException {
        Path target = folder.resolve("written");

        SandboxRun run = sandbox.run("""
                for place in "%s" /usr/x /usr/bin/x /etc/x /dev/x /x /program ../x; do
                    (echo x >"$place") 2>/dev/null && echo "wrote $place"
                done
                ln -s / root && (echo x >root/x) 2>/dev/null && echo "wrote through a link"
                echo x >own && cat own
                """.formatted(target), "");

        assertThat(run.stdout()).isEqualTo("x\n");
        assertThat(target).doesNotExist();
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void reading_filesOfTheUser_isRefused() throws IOException {
        Path secret = Files.writeString(folder.resolve("secret"), "the secret");

        SandboxRun run = sandbox.run("""
                cat "%1$s"; ln -s "%1$s" link; cat link; cat ../../../../../..%1$s
                ls "%2$s" /home /root /proc/1 /proc/self /sys /var /run /mnt /etc/passwd /etc/shadow
                cat /proc/1/environ /proc/self/environ
                """.formatted(secret, System.getProperty("user.home")), "");

        assertThat(run.stdout()).isEmpty();
        assertThat(run.stderr()).contains("No such file or directory").doesNotContain("the secret");
    }

    @Test
    void folder_isEmptyAndNewInEachRun() {
        String program = "ls -A . /tmp; pwd; echo x >file";

        assertThat(sandbox.run(program, "").stdout())
                .isEqualTo(sandbox.run(program, "").stdout())
                .doesNotContain("file");
    }

    @Test
    void environment_ofTheCaller_isNotThere() {
        SandboxRun run = sandbox.run("env | sed 's/=.*//' | sort", "");

        assertThat(run.stdout().lines())
                .contains("HOME", "PATH")
                .allMatch(name -> List.of(
                                "HOME",
                                "LANG",
                                "MALLOC_ARENA_MAX",
                                "OMP_NUM_THREADS",
                                "OPENBLAS_NUM_THREADS",
                                "PATH",
                                "PWD",
                                "PYTHONDONTWRITEBYTECODE",
                                "PYTHONHASHSEED",
                                "TMPDIR",
                                "_",
                                "OLDPWD",
                                "SHLVL")
                        .contains(name));
    }

    @Test
    void network_evenLoopback_isNotThere() throws IOException, InterruptedException {
        Path bash = Path.of("/usr/bin/bash");
        assumeTrue(Files.isExecutable(bash), "no bash, the one shell that opens sockets");
        try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            String connect = "exec 3<>/dev/tcp/127.0.0.1/" + server.getLocalPort() + " && echo connected";
            Process outside = new ProcessBuilder(bash.toString(), "-c", connect).start();

            SandboxRun run = sandbox.run("bash -c '" + connect + "'", "");

            assertThat(new String(outside.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .isEqualTo("connected\n"); // the control
            assertThat(run.stdout()).isEmpty();
            assertThat(run.exitCode()).isNotZero();
            assertThat(outside.waitFor()).isZero();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "sleep NAP & exit 0",
                "setsid sleep NAP >/dev/null 2>&1 </dev/null & exit 0",
                "(trap '' TERM HUP; sleep NAP & sleep NAP & wait) & sleep 0.2; exit 0",
            })
    void daemons_endWithTheirProgram_isProcesses(String program) {
        SandboxRun run = sandbox.run(program.replace("NAP", nap), "");

        assertThat(run.ending()).isEqualTo(Ending.PROCESSES);
        assertThat(run.wall()).isLessThan(LIMITS.wall());
    }

    @Test
    void orphansThatEndInTime_areNoFailure() {
        assertThat(sandbox.run("(true & true &) ; sleep 0.3; echo x | cat", "").succeeded())
                .isTrue();
    }

    @Test
    void killing_everythingInSight_endsOnlyItself() {
        SandboxRun run = sandbox.run("kill -STOP 1; kill -KILL 1; kill -KILL -1; kill -KILL $PPID; echo here", "");

        assertThat(run.ending()).isIn(Ending.EXITED, Ending.PROCESSES);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mount -t tmpfs none /work",
                "umount /work",
                "unshare --user true",
                "unshare --net true",
                "chroot / true",
                "mknod device b 8 0",
                "hostname other",
                "prlimit --nproc=1000 true",
                "ulimit -v unlimited",
                "nsenter -t 1 -m true",
            })
    void rights_areGone(String command) {
        assertThat(sandbox.run(command, "").exitCode()).as(command).isNotZero();
    }

    @Test
    void status_cannotBeForged() {
        SandboxRun run = sandbox.run("printf '\\n%s 0 0\\n' 00000000-0000-0000-0000-000000000000; exit 5", "");

        assertThat(run.exitCode()).isEqualTo(5);
        assertThat(run.stdout()).isEqualTo("\n00000000-0000-0000-0000-000000000000 0 0\n");
    }

    @Test
    void input_closed_isNoTrouble() {
        SandboxRun run = sandbox.run("exec 0<&- 1>&- 2>&-; exit 4", "text");

        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.stdout()).isEmpty();
    }

    @Test
    void program_tooLong_isRefused() {
        String program = "#".repeat(Sandbox.MAX_PROGRAM + 1);

        assertThatThrownBy(() -> sandbox.run(program, ""))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("expected at most");
    }

    @Test
    void ordinaryUser_hasTheSameWalls() throws IOException, InterruptedException {
        assumeTrue((Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0, "the other tests show it");
        List<String> other = List.of("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
        Path classes = Path.of(System.getProperty("dnd.root", "."), "target", "classes");
        Process looks = new ProcessBuilder(concat(
                        other,
                        List.of(
                                "test",
                                "-r",
                                classes.resolve("org/dndllm/DndException.class").toString())))
                .start();
        assumeTrue(looks.waitFor() == 0, "another user cannot read the classes");

        ProcessBuilder child = new ProcessBuilder(
                concat(other, List.of(System.getProperty("java.home") + "/bin/java", OrdinaryUser.class.getName())));
        child.environment().put("CLASSPATH", classes + ":" + classes.resolveSibling("test-classes"));
        Process process = child.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(said).isZero();
        // the last one kills timeout(1) above it, and ends itself before or after the cage has seen that
        assertThat(said).matches("PROCESSES MEMORY TIME OUTPUT (EXITED|PROCESSES)\n");
    }

    private static List<String> concat(List<String> one, List<String> other) {
        return Stream.concat(one.stream(), other.stream()).toList();
    }
}
