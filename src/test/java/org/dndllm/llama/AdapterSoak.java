package org.dndllm.llama;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.GgufAdapter;

/**
 * Loads, attaches, uses, detaches and frees adapters a thousand times; prints how many KiB the process grew after the
 * first hundred rounds. A program of its own, so that its Java heap can be fixed and only native growth is seen.
 */
final class AdapterSoak {
    static final int ROUNDS = 1000;
    static final int WARM_UP = 100;
    private static final int[] PROMPT = {1, 2, 3};

    private AdapterSoak() {}

    public static void main(String[] arguments) throws IOException {
        try (Arena arena = Arena.ofConfined();
                LlamaModel model = LlamaModel.open(Path.of(arguments[0]), ModelOptions.CPU);
                LlamaContext context = model.newContext(TinyModel.SMALL)) {
            List<MemorySegment> files = LongStream.range(0, 4)
                    .mapToObj(seed -> GgufAdapter.toMemory(TinyModel.weights(seed, 16, 0.2f), GgmlType.F32, arena))
                    .toList();
            context.decode(PROMPT);
            float[] base = context.logits();
            long start = 0;
            for (int round = 0; round < ROUNDS; round++) {
                if (round == WARM_UP) {
                    start = residentKib();
                }
                try (LoraAdapter adapter = model.loadAdapter(files.get(round % files.size()), "round " + round)) {
                    context.attach(AdapterSet.of(adapter));
                    context.decode(PROMPT);
                    require(Arrays.equals(context.logits(), base) == false, "the adapter changed nothing");
                    context.detach();
                }
            }
            System.out.println(residentKib() - start);
            context.decode(PROMPT);
            require(Arrays.equals(context.logits(), base), "base logits differ after all rounds");
        }
    }

    private static void require(boolean holds, String otherwise) {
        if (holds == false) {
            throw new AssertionError(otherwise);
        }
    }

    private static long residentKib() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
