package org.dndllm.cli;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.EnvironmentException;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.StoredWeight;

/**
 * What the official generator is told: our configuration and where our weights lie, so that both sides compute the same.
 * Condition and tokens pass through files of float32, little-endian.
 *
 * @param official the checkout
 * @param config of our generator
 * @param weights of our generator
 * @param onGpu on CUDA, or on the CPU
 * @param threads on the CPU
 * @param precisions f32; bf16 for the autocast that the official scripts generate under
 * @param folder for the files
 */
record OfficialJob(
        Path official,
        PaperConfig config,
        List<StoredWeight> weights,
        boolean onGpu,
        int threads,
        List<String> precisions,
        Path folder) {
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Path condition() {
        return folder.resolve("condition.f32");
    }

    Map<String, Object> toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("official", official.toString());
        json.put("device", onGpu ? "cuda" : "cpu");
        json.put("threads", threads);
        json.put("precisions", precisions);
        json.put("kernel", config.kernel());
        json.put(
                "stages",
                config.stages().stream()
                        .map(stage -> List.of(stage.n(), stage.l(), stage.c()))
                        .toList());
        config.projection().ifPresent(projection -> json.put("text_length", projection.textLength()));
        json.put("weights", weights.stream().map(OfficialJob::toJson).toList());
        json.put("condition", condition().toString());
        json.put("condition_shape", List.of(config.prompts(), config.textLength(), config.channels()));
        json.put("tokens", folder.resolve("tokens").toString());
        return json;
    }

    private static Map<String, Object> toJson(StoredWeight weight) {
        List<Map<String, Object>> pieces = weight.pieces().stream()
                .map(piece -> Map.<String, Object>of(
                        "file", piece.file().toAbsolutePath().toString(),
                        "offset", piece.offset(),
                        "count", piece.bytes() / Float.BYTES))
                .toList();
        return Map.of("name", weight.name(), "shape", weight.shape(), "pieces", pieces);
    }

    /** @param values [N, L, C], row-major */
    void writeCondition(float[] values) {
        MemorySegment bytes = MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, Float.BYTES)]);
        MemorySegment.copy(values, 0, bytes, FLOAT, 0, values.length);
        try (FileChannel channel =
                FileChannel.open(condition(), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            var left = bytes.asByteBuffer();
            while (left.hasRemaining()) {
                channel.write(left);
            }
        } catch (IOException e) {
            throw new EnvironmentException(condition() + ": cannot be written (" + e + "); make room there", e);
        }
    }

    /**
     * What it made of the condition: [T, R, W], row-major.
     *
     * @throws EnvironmentException when that is missing or of another size
     */
    float[] tokens(String precision) {
        Path file = folder.resolve("tokens." + precision);
        int count = config.tokens().n() * config.tokens().l() * config.tokens().c();
        try {
            byte[] bytes = Files.readAllBytes(file);
            if (bytes.length != (long) count * Float.BYTES) {
                throw new EnvironmentException(
                        "the official generator wrote " + bytes.length + " bytes of tokens, expected "
                                + (long) count * Float.BYTES + "; does --python name an interpreter?");
            }
            float[] values = new float[count];
            MemorySegment.copy(MemorySegment.ofArray(bytes), FLOAT, 0, values, 0, count);
            return values;
        } catch (IOException e) {
            throw new EnvironmentException(
                    "the official generator wrote no tokens (" + e + "); does --python name an interpreter?", e);
        }
    }
}
