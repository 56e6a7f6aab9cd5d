package org.dndllm.eval.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CostMeterTest {
    @TempDir
    Path folder;

    private void energy(String zone, String microjoules) throws IOException {
        Path file = folder.resolve("power").resolve(zone).resolve("energy_uj");
        Files.createDirectories(file.getParent());
        Files.writeString(file, microjoules + "\n");
    }

    private void memory(long residentKb, long peakKb) throws IOException {
        Files.createDirectories(folder.resolve("proc"));
        Files.writeString(
                folder.resolve("proc/status"),
                "Name:\tjava\nVmHWM:\t  %d kB\nVmRSS:\t  %d kB\n".formatted(peakKb, residentKb));
    }

    private CostMeter start() {
        return CostMeter.start(new ResidentMemory(folder.resolve("proc")), folder.resolve("power"));
    }

    @Test
    void stop_packagesWithSubzones_sumOfPackagesOnly() throws IOException {
        memory(100, 300);
        Files.writeString(folder.resolve("proc/clear_refs"), "");
        energy("intel-rapl:0", "1000000");
        energy("intel-rapl:1", "5000000");
        energy("intel-rapl:0:0", "7");

        CostMeter meter = start();
        energy("intel-rapl:0", "3500000");
        energy("intel-rapl:1", "6000000");
        energy("intel-rapl:0:0", "900000000");
        Cost cost = meter.stop();

        assertThat(cost.joules().orElseThrow()).isCloseTo(3.5, within(1e-9));
        assertThat(cost.peakBytes()).hasValue(300 * 1024);
        assertThat(cost.wallSeconds()).isPositive();
        assertThat(folder.resolve("proc/clear_refs")).as("the peak begins anew").hasContent("5");
    }

    @Test
    void stop_counterWrapsOrIsSecret_noEnergy() throws IOException {
        memory(1, 1);
        energy("intel-rapl:0", "5000000");
        CostMeter wrapped = start();
        energy("intel-rapl:0", "10");

        assertThat(wrapped.stop().joules()).isEmpty();

        energy("intel-rapl:0", "denied");
        assertThat(start().stop().joules()).isEmpty();
    }

    @Test
    void growth_peakDuringWork_countsAndIsKeptForTheJob() throws IOException {
        memory(100, 500);
        CostMeter meter = start();
        AtomicLong grown = new AtomicLong(-1);

        String result = meter.growth(
                () -> {
                    try {
                        memory(120, 180);
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                    return "done";
                },
                grown::set);

        assertThat(result).isEqualTo("done");
        assertThat(grown).hasValue(80 * 1024);
        assertThat(meter.stop().peakBytes()).as("the peak before").hasValue(500 * 1024);
    }

    @Test
    void stop_noLinux_nothingButTimes() {
        Cost cost = start().stop();

        assertThat(cost.peakBytes()).isEmpty();
        assertThat(cost.joules()).isEmpty();
        assertThat(cost.cpuSeconds()).isNotNegative();
    }
}
