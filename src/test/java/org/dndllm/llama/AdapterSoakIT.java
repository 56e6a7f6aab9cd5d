package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterSoakIT {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final int ROUNDS = 1000;
    private static final int WARM_UP = 100;
    private static final long MOST_GROWTH_KIB = 8 << 10;

    @TempDir
    Path folder;

    @Test
    void lifecycle_thousandRounds_memoryStaysBounded() throws IOException {
        assumeTrue(Files.isReadable(STATUS), "needs /proc/self/status (Linux)");
        try (LlamaModel model = TinyModel.open(folder);
                LlamaContext context = model.newContext(TinyModel.SMALL)) {
            context.decode(new int[] {1, 2, 3});
            float[] base = context.logits();
            long start = 0;
            for (int round = 0; round < ROUNDS; round++) {
                // when
                try (LoraAdapter adapter = TinyModel.adapter(model, round, "round " + round)) {
                    context.attach(AdapterSet.of(adapter));
                    context.decode(new int[] {1, 2, 3});
                    assertThat(context.logits()).isNotEqualTo(base);
                    context.detach();
                }
                if (round == WARM_UP) {
                    start = residentKib();
                }
            }

            // then: the heap is collected, so that native growth is what is left to see
            long growth = residentKib() - start;
            System.err.println("RSS growth KiB after round " + WARM_UP + ": " + growth);
            assertThat(growth).isLessThan(MOST_GROWTH_KIB);
            context.decode(new int[] {1, 2, 3});
            assertThat(context.logits()).isEqualTo(base);
        }
    }

    private static long residentKib() throws IOException {
        System.gc();
        return Files.readAllLines(STATUS).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
