package org.dndllm.cli;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.Callable;
import org.dndllm.EnvironmentException;
import org.dndllm.engine.Progress;
import org.dndllm.llama.AdapterSet;
import org.dndllm.llama.LoraAdapter;
import org.dndllm.lora.GgufAdapter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code dnd bench soak}: is memory given back? */
@Command(
        name = "soak",
        mixinStandardHelpOptions = true,
        header = "Load, attach, decode, detach and free an adapter many times; report the growth of resident memory.",
        description = "Growth at rest compares the process after round 100 and after the last round, each time when the"
                + " JVM's compilers have been still for eight seconds. Growth in motion compares medians of rounds 101"
                + " to 200 and of the last 100: it includes what the compilers hold for the moment.",
        footer = {"", "Examples:", "  dnd bench soak", "  dnd bench soak --rounds 200 --json"})
final class BenchSoak implements Callable<Integer> {
    /** Rounds that are left out at the start, and rounds that a median is taken over. */
    private static final int WINDOW = 100;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final BenchSetupFlags start = new BenchSetupFlags();

    @Option(names = "--rounds", defaultValue = "1000", description = "Default: ${DEFAULT-VALUE}.")
    private int rounds;

    private int withoutEffect; // rounds whose adapter left the logits as they were

    /** Resident memory in MB: at rest after the warm-up and after the last round, in motion by medians. */
    private record Memory(double restEarly, double restLate, Samples motionEarly, Samples motionLate) {
        double growthAtRest() {
            return restLate - restEarly;
        }

        double growthInMotion() {
            return motionLate.median() - motionEarly.median();
        }
    }

    @Override
    public Integer call() {
        Flags.atLeast("--rounds", rounds, 2 * WINDOW);
        try (BenchSetup setup = start.open()) {
            float[] before = setup.logits();
            Memory memory = soak(setup, before);
            boolean identical = Arrays.equals(before, setup.logits());
            report(setup, memory, identical);
            return identical && withoutEffect == 0 ? 0 : Main.FAILURE;
        }
    }

    private Memory soak(BenchSetup setup, float[] base) {
        Samples early = new Samples(WINDOW);
        Samples late = new Samples(WINDOW);
        double restEarly = 0;
        Progress progress = output.progress();
        for (int round = 1; round <= rounds; round++) {
            once(setup, base);
            if (round == WINDOW) {
                restEarly = residentMegabytesAtRest();
            }
            if (round > WINDOW && round <= 2 * WINDOW) {
                early.add(residentMegabytes());
            }
            if (round > rounds - WINDOW) {
                late.add(residentMegabytes());
            }
            progress.advanced("rounds", round, rounds);
        }
        return new Memory(restEarly, residentMegabytesAtRest(), early, late);
    }

    private void once(BenchSetup setup, float[] base) {
        try (Arena arena = Arena.ofShared();
                LoraAdapter adapter =
                        setup.model().loadAdapter(GgufAdapter.toMemory(setup.weights(), setup.type(), arena), "soak")) {
            setup.context().attach(AdapterSet.of(adapter));
            setup.decodePrompt();
            if (Arrays.equals(setup.context().logits(), base)) {
                withoutEffect++;
            }
            setup.context().detach();
        }
    }

    private void report(BenchSetup setup, Memory memory, boolean identical) {
        output.line("%s", setup.title());
        output.line("%d rounds, resident memory of the process:", rounds);
        output.line(
                "  at rest    after round %d %8.1f MB, after the last %8.1f MB, growth %6.2f MB",
                WINDOW, memory.restEarly(), memory.restLate(), memory.growthAtRest());
        output.line(
                "  in motion  rounds %d to %d %6.1f MB, the last %d %9.1f MB, growth %6.2f MB (medians)",
                WINDOW + 1,
                2 * WINDOW,
                memory.motionEarly().median(),
                WINDOW,
                memory.motionLate().median(),
                memory.growthInMotion());
        output.line("rounds whose adapter had no effect on the logits: %d", withoutEffect);
        output.line("logits after all rounds bit-identical to before: %s", identical ? "yes" : "NO");
        Map<String, Object> json = setup.facts();
        json.put("rounds", rounds);
        json.put("growth_at_rest_mb", memory.growthAtRest());
        json.put("resident_mb_at_rest_early", memory.restEarly());
        json.put("resident_mb_at_rest_late", memory.restLate());
        json.put("growth_in_motion_mb", memory.growthInMotion());
        json.put("resident_mb_in_motion_early", memory.motionEarly().toJson());
        json.put("resident_mb_in_motion_late", memory.motionLate().toJson());
        json.put("rounds_without_effect", withoutEffect);
        json.put("logits_identical_after_detach", identical);
        output.result(json);
    }

    private static double residentMegabytesAtRest() {
        CompilerRest.ofThisJvm().await();
        return residentMegabytes();
    }

    private static double residentMegabytes() {
        return Machine.residentBytes()
                        .orElseThrow(
                                () -> new EnvironmentException("resident memory is read from /proc, which is not here"))
                / 1e6;
    }
}
