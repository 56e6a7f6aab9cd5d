package org.dndllm.lora;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.function.LongFunction;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.GgufWriter;

/**
 * The same adapter with a rank that a processor multiplies fast. Matrix kernels take a fixed number of values of a row at a
 * time, and a product over r = 8 values where 16 are taken falls back to one value at a time. A with rows of zeros below and
 * B with columns of zeros beside are the same product; alpha grows with the rank, so that alpha / r stays.
 *
 * <p>Every rank grows by the same power of two, which keeps alpha and with it each pair's scale exact.
 */
public final class RankPadding {
    /** More zeros than that cost more than they bring. */
    private static final int MOST_FACTOR = 4;

    private static final int ROWS_AT_ONCE = 256;
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    private RankPadding() {}

    /**
     * The factor by which ranks have to grow until each is a multiple of a number.
     *
     * @param ranks of the adapter's pairs
     * @param multiple a power of two
     * @return 1 if they are already, or if no factor up to 4 does it
     */
    static int factor(Iterable<Integer> ranks, int multiple) {
        int factor = 1;
        for (int rank : ranks) {
            while (rank * factor % multiple != 0) {
                if (factor == MOST_FACTOR) {
                    return 1;
                }
                factor *= 2;
            }
        }
        return factor;
    }

    /**
     * The adapter's GGUF file with ranks that are multiples of a number, all its values as they are.
     *
     * @param adapter has passed {@link GgufAdapter#validate}
     * @param summary what that found
     * @param multiple a power of two
     * @param original the file's own bytes
     * @param room where the result goes if it is another one; what it held before does not matter
     * @return {@code original} when nothing is to be done: ranks fit already, no factor up to 4 makes them fit, or the
     *     embedding is touched, whose A is looked up by rows
     */
    public static MemorySegment pad(
            GgufFile adapter,
            AdapterSummary summary,
            int multiple,
            MemorySegment original,
            LongFunction<MemorySegment> room) {
        int factor = factor(ranks(adapter), multiple);
        if (factor == 1 || summary.outerWeights()) {
            return original;
        }
        GgufWriter writer = GgufAdapter.head(summary.architecture(), summary.alpha() * factor);
        if (summary.types().contains(GgmlType.Q8_0)) {
            writer.putUint32(GgufAdapter.QUANTIZATION_KEY, GgufAdapter.QUANTIZATION_VERSION);
        }
        for (GgufTensor tensor : adapter.tensors()) {
            if (tensor.name().endsWith(GgufAdapter.LORA_A)) {
                addA(writer, tensor, factor);
            } else {
                addB(writer, tensor, factor);
            }
        }
        return writer.toMemory(room);
    }

    private static List<Integer> ranks(GgufFile adapter) {
        return adapter.tensors().stream()
                .filter(tensor -> tensor.name().endsWith(GgufAdapter.LORA_B))
                .map(tensor -> Math.toIntExact(tensor.dims().getFirst()))
                .toList();
    }

    /** ggml dims [in, r]: more rows, behind those there are. */
    private static void addA(GgufWriter writer, GgufTensor a, int factor) {
        List<Long> dims = List.of(a.dims().get(0), a.dims().get(1) * factor);
        long size = a.data().byteSize();
        writer.tensor(a.name(), a.type(), dims, destination -> {
            MemorySegment.copy(a.data(), 0, destination, 0, size);
            destination.asSlice(size).fill((byte) 0);
        });
    }

    /** ggml dims [r, out]: each row of r values grows. */
    private static void addB(GgufWriter writer, GgufTensor b, int factor) {
        List<Long> dims = List.of(b.dims().get(0) * factor, b.dims().get(1));
        int row = Math.toIntExact(b.type().bytesFor(b.dims().get(0)));
        int rows = Math.toIntExact(b.dims().get(1));
        writer.tensor(b.name(), b.type(), dims, destination -> {
            if (row % WORD.byteSize() == 0) {
                widenWords(b.data(), destination, rows, row / Long.BYTES, factor);
            } else {
                widenBytes(b.data(), destination, rows, row, factor);
            }
        });
    }

    private static void widenBytes(MemorySegment from, MemorySegment to, int rows, int row, int factor) {
        to.fill((byte) 0);
        for (long i = 0; i < rows; i++) {
            MemorySegment.copy(from, i * row, to, i * row * factor, row);
        }
    }

    /** Through small arrays: a copy call for each row of 16 bytes, or an access for each word, takes several times as long. */
    private static void widenWords(MemorySegment from, MemorySegment to, int rows, int words, int factor) {
        long[] narrow = new long[ROWS_AT_ONCE * words];
        long[] wide = new long[narrow.length * factor];
        for (int first = 0; first < rows; first += ROWS_AT_ONCE) {
            int count = Math.min(ROWS_AT_ONCE, rows - first);
            MemorySegment.copy(from, WORD, (long) first * words * Long.BYTES, narrow, 0, count * words);
            for (int i = 0; i < count; i++) {
                for (int j = 0; j < words; j++) {
                    wide[i * words * factor + j] = narrow[i * words + j];
                }
            }
            MemorySegment.copy(wide, 0, to, WORD, (long) first * words * factor * Long.BYTES, count * words * factor);
        }
    }
}
