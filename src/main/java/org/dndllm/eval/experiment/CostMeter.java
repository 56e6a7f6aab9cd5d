package org.dndllm.eval.experiment;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Measures what goes on in this process from its making on. */
final class CostMeter {
    private static final double MICRO = 1e-6;

    private final ResidentMemory memory;
    private final Path power;
    private final long begin = System.nanoTime();
    private final Duration cpu = cpu();
    private final OptionalLong microjoules;
    private long highest; // bytes, the peak before it was last forgotten

    private CostMeter(ResidentMemory memory, Path power) {
        this.memory = memory;
        this.power = power;
        microjoules = microjoules();
        memory.forgetPeak();
    }

    static CostMeter start() {
        return start(ResidentMemory.own(), Path.of("/sys/class/powercap"));
    }

    /** @param power folder of powercap zones */
    static CostMeter start(ResidentMemory memory, Path power) {
        return new CostMeter(memory, power);
    }

    Cost stop() {
        return new Cost((System.nanoTime() - begin) / 1e9, cpu().minus(cpu).toNanos() / 1e9, peakBytes(), joules());
    }

    /** Peak resident memory since the start, or of the whole process where Linux does not allow to begin anew. */
    private OptionalLong peakBytes() {
        OptionalLong peak = memory.peak();
        return peak.isPresent() ? OptionalLong.of(Math.max(highest, peak.getAsLong())) : peak;
    }

    /**
     * Does some work, and measures by how much resident memory grew at most meanwhile.
     *
     * @param bytes told the growth, unless the system does not tell
     */
    <T> T growth(Supplier<T> work, LongConsumer bytes) {
        peakBytes().ifPresent(peak -> highest = peak);
        memory.forgetPeak();
        OptionalLong before = memory.now();
        T result = work.get();
        OptionalLong peak = memory.peak();
        if (before.isPresent() && peak.isPresent()) {
            bytes.accept(Math.max(0, peak.getAsLong() - before.getAsLong()));
        }
        return result;
    }

    private OptionalDouble joules() {
        OptionalLong now = microjoules();
        return microjoules.isPresent() && now.isPresent() && now.getAsLong() >= microjoules.getAsLong()
                ? OptionalDouble.of((now.getAsLong() - microjoules.getAsLong()) * MICRO)
                : OptionalDouble.empty(); // counters wrap around; then nothing is known
    }

    /** Sum over packages; zones inside a package have two colons. Empty unless every package can be read. */
    private OptionalLong microjoules() {
        if (!Files.isDirectory(power)) {
            return OptionalLong.empty();
        }
        try (Stream<Path> zones = Files.list(power)) {
            long sum = 0;
            boolean any = false;
            for (Path zone : zones.filter(CostMeter::isPackage).toList()) {
                sum += Long.parseLong(
                        Files.readString(zone.resolve("energy_uj")).strip());
                any = true;
            }
            return any ? OptionalLong.of(sum) : OptionalLong.empty();
        } catch (IOException | NumberFormatException notReadable) {
            return OptionalLong.empty();
        }
    }

    private static boolean isPackage(Path zone) {
        return zone.getFileName().toString().matches("[a-z-]+:\\d+");
    }

    private static Duration cpu() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }
}
