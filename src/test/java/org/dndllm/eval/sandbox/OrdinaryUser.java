package org.dndllm.eval.sandbox;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/** A process that a test starts under another user: endings of five hostile programs on one line. */
final class OrdinaryUser {
    private OrdinaryUser() {}

    public static void main(String[] arguments) {
        SandboxLimits limits = SandboxLimits.of(Duration.ofSeconds(2)).withMemory(128 << 20);
        Sandbox sandbox = Sandbox.open(Interpreter.shell(), limits);
        List<String> programs = List.of(
                "bomb() { bomb & bomb & wait; }\nwhile :; do bomb; done",
                "head -c 10G /dev/zero | tail -n 1 >/dev/null",
                "while :; do :; done",
                "yes",
                "kill -KILL 1; kill -KILL -1");
        System.out.println(programs.stream()
                .map(program -> sandbox.run(program, "").ending().name())
                .collect(Collectors.joining(" ")));
    }
}
