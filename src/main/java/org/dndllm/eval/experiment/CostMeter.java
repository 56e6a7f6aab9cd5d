package org.dndllm.eval.experiment;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Measures what goes on in this process from its making on. */
final class CostMeter {
    private static final double MICRO = 1e-6;

    private final Path proc;
    private final Path power;
    private final long begin = System.nanoTime();
    private final Duration cpu = cpu();
    private final OptionalLong microjoules;
    private long highest; // bytes, the peak before it was last forgotten

    private CostMeter(Path proc, Path power) {
        this.proc = proc;
        this.power = power;
        microjoules = microjoules();
        forgetPeak();
    }

    static CostMeter start() {
        return start(Path.of("/proc/self"), Path.of("/sys/class/powercap"));
    }

    /**
     * @param proc folder with {@code status} and {@code clear_refs}
     * @param power folder of powercap zones
     */
    static CostMeter start(Path proc, Path power) {
        return new CostMeter(proc, power);
    }

    Cost stop() {
        return new Cost((System.nanoTime() - begin) / 1e9, cpu().minus(cpu).toNanos() / 1e9, peakBytes(), joules());
    }

    /** Peak resident memory since the start, or of the whole process where Linux does not allow to begin anew. */
    private OptionalLong peakBytes() {
        OptionalLong peak = status("VmHWM:");
        return peak.isPresent() ? OptionalLong.of(Math.max(highest, peak.getAsLong())) : peak;
    }

    /**
     * Does some work, and measures by how much resident memory grew at most meanwhile.
     *
     * @param bytes told the growth, unless the system does not tell
     */
    <T> T growth(Supplier<T> work, LongConsumer bytes) {
        peakBytes().ifPresent(peak -> highest = peak);
        forgetPeak();
        OptionalLong before = status("VmRSS:");
        T result = work.get();
        OptionalLong peak = status("VmHWM:");
        if (before.isPresent() && peak.isPresent()) {
            bytes.accept(Math.max(0, peak.getAsLong() - before.getAsLong()));
        }
        return result;
    }

    /** proc(5): writing 5 sets the peak back to what is resident now. Where that is refused the peak is the process's. */
    private void forgetPeak() {
        Path references = proc.resolve("clear_refs");
        if (Files.isWritable(references)) {
            try {
                Files.write(references, "5".getBytes(StandardCharsets.US_ASCII), StandardOpenOption.WRITE);
            } catch (IOException refused) {
                return; // an older peak then stands, which is still no less than the job's own
            }
        }
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

    private OptionalLong status(String field) {
        try (Stream<String> lines = Files.lines(proc.resolve("status"))) {
            return lines.filter(line -> line.startsWith(field))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
                    .findFirst();
        } catch (IOException notLinux) {
            return OptionalLong.empty();
        }
    }

    private static Duration cpu() {
        return ProcessHandle.current().info().totalCpuDuration().orElse(Duration.ZERO);
    }
}
