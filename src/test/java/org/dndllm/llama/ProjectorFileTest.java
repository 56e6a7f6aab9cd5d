package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufArray;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.GgufValue;
import org.dndllm.format.GgufWriter;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What libmtmd asserts on, divides by or follows to address 0 is refused in Java, with the key or tensor named. */
class ProjectorFileTest {
    private static final String V = "clip.vision.";

    @TempDir
    Path folder;

    private Path good;

    @BeforeEach
    void write() {
        good = TinyVision.projector(folder);
    }

    private static ProjectorFile check(Path file) {
        return ProjectorFile.check(file, "model.gguf", TinyVision.SHAPE);
    }

    @Test
    void check_wholeFile_givesItsMeasures() {
        assertThat(check(good)).isEqualTo(new ProjectorFile(14, 3, 32, 48));
    }

    @Test
    void check_textModel_isNamed() {
        assertThatThrownBy(() -> ProjectorFile.check(good, "text.gguf", TinyModel.SHAPE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("text.gguf", "a model of text alone", "Qwen2.5-VL");
    }

    @Test
    void check_languageModelInItsPlace_isRefused() {
        Path model = TinyVision.model(folder);

        assertThatThrownBy(() -> check(model))
                .hasMessageContainingAll("general.architecture", "qwen2vl", "no image encoder");
    }

    static Stream<Arguments> keys() {
        GgufValue zero = GgufValue.uint32(0);
        return Stream.of(
                arguments("clip.has_vision_encoder", GgufValue.of(false), "is false"),
                arguments("clip.has_vision_encoder", GgufValue.uint32(1), "expected BOOL"),
                arguments("clip.has_audio_encoder", GgufValue.of(true), "sound is not supported"),
                arguments("clip.has_gen_audio_encoder", GgufValue.uint32(0), "expected BOOL"),
                arguments("clip.projector_type", GgufValue.of("qwen2vl_merger"), "only Qwen2.5-VL"),
                arguments("clip.projector_type", GgufValue.uint32(3), "expected STRING"),
                arguments("clip.use_silu", GgufValue.of(false), "must be true"),
                arguments("clip.use_gelu", GgufValue.of(true), "clip.use_gelu not"),
                arguments("general.name", GgufValue.uint32(3), "expected STRING"),
                arguments(V + "projection_dim", GgufValue.uint32(128), "the model has 64"),
                arguments(V + "projection_dim", GgufValue.of("64"), "expected UINT32"),
                arguments(V + "patch_size", zero, "expected 2 to 56"),
                arguments(V + "patch_size", GgufValue.uint32(57), "expected 2 to 56"),
                arguments(V + "patch_size", GgufValue.uint32(28), "expected [28, 28, 3, 32]"),
                arguments(V + "embedding_length", GgufValue.uint32(-1), "expected 8 to"),
                arguments(V + "attention.head_count", zero, "expected 1 to 32"),
                arguments(V + "attention.head_count", GgufValue.uint32(3), "does not cut 32"),
                arguments(V + "attention.head_count", GgufValue.uint32(16), "multiple of 4"),
                arguments(V + "attention.head_count_kv", GgufValue.uint32(1), "expected 2"),
                arguments(V + "attention.head_dim", GgufValue.uint32(8), "expected 16"),
                arguments(V + "block_count", zero, "expected 1 to 128"),
                arguments(V + "block_count", GgufValue.uint32(4), "v.blk.3.attn_q.weight"),
                arguments(V + "block_count", GgufValue.uint32(2), "v.blk.2."),
                arguments(V + "n_wa_pattern", zero, "expected 1 to 128"),
                arguments(V + "spatial_merge_size", zero, "expected 2"),
                arguments(V + "feed_forward_length", GgufValue.uint32(32), "ffn_gate"),
                arguments(V + "image_size", GgufValue.uint32(9000), "expected 1 to 8192"),
                arguments(V + "attention.layer_norm_epsilon", GgufValue.float32(Float.NaN), "0 or more"),
                arguments(V + "image_mean", GgufValue.of(GgufArray.ofFloats(new float[2])), "three finite"),
                arguments(V + "image_mean", GgufValue.of(GgufArray.ofInts(new int[3])), "three finite"),
                arguments(V + "image_std", GgufValue.of(GgufArray.ofFloats(new float[3])), "above 0"),
                arguments(V + "feature_layer", GgufValue.of(GgufArray.ofInts(new int[] {1})), "another projector"));
    }

    @ParameterizedTest
    @MethodSource("keys")
    void check_wrongKey_isNamed(String key, GgufValue value, String words) {
        // given
        Path bad = rewritten(Map.of(key, value), Map.of());
        // then
        assertThatThrownBy(() -> check(bad))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("edited.gguf", words);
    }

    static Stream<Arguments> tensors() {
        return Stream.of(
                arguments("v.patch_embd.weight", GgmlType.BF16, List.of(14L, 14L, 3L, 32L), "expected F32 or F16"),
                arguments("v.patch_embd.weight.1", GgmlType.F16, List.of(14L, 14L, 4L, 32L), "has shape"),
                arguments("v.blk.0.attn_q.weight", GgmlType.I32, List.of(32L, 32L), "cannot be multiplied"),
                arguments("v.blk.1.ln1.weight", GgmlType.F16, List.of(32L), "expected F32"),
                arguments("v.blk.2.ffn_down.weight", GgmlType.F16, List.of(32L, 48L), "has shape"),
                arguments("mm.2.weight", GgmlType.F16, List.of(128L, 65L), "has shape"),
                arguments("v.class_embd", GgmlType.F32, List.of(32L), "is no tensor"),
                arguments("v.patch_embd.bias", GgmlType.F32, List.of(32L), "is no tensor"));
    }

    @ParameterizedTest
    @MethodSource("tensors")
    void check_wrongTensor_isNamed(String name, GgmlType type, List<Long> dims, String words) {
        // given
        Path bad = rewritten(Map.of(), Map.of(name, new Shape(type, dims)));
        // then
        assertThatThrownBy(() -> check(bad))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("edited.gguf", name, words);
    }

    @Test
    void check_anyKeyOrTensorMissing_isRefused() {
        int checked = 0;
        try (GgufFile file = GgufFile.open(good)) {
            for (String key : file.metadata().keySet()) {
                if (key.startsWith("clip.")) {
                    Path bad = without(file, key, "");
                    assertThatThrownBy(() -> check(bad)).as(key).isInstanceOf(InvalidInputException.class);
                    checked++;
                }
            }
            for (GgufTensor tensor : file.tensors()) {
                Path bad = without(file, "", tensor.name());
                assertThatThrownBy(() -> check(bad))
                        .isInstanceOf(InvalidInputException.class)
                        .hasMessageContainingAll(tensor.name(), "is missing");
                checked++;
            }
        }
        assertThat(checked).isGreaterThan(60);
    }

    @Test
    void check_cutFile_isRefused() throws IOException {
        byte[] whole = Files.readAllBytes(good);
        for (int length : new int[] {0, 3, 100, whole.length / 2, whole.length - 1}) {
            Path bad = Files.write(folder.resolve("cut.gguf"), Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> check(bad)).as("%d bytes", length).isInstanceOf(InvalidInputException.class);
        }
    }

    private record Shape(GgmlType type, List<Long> dims) {}

    private Path rewritten(Map<String, GgufValue> keys, Map<String, Shape> shapes) {
        try (GgufFile file = GgufFile.open(good)) {
            Map<String, GgufValue> metadata = new LinkedHashMap<>(file.metadata());
            metadata.putAll(keys);
            Map<String, Shape> tensors = new LinkedHashMap<>();
            file.tensors().forEach(tensor -> tensors.put(tensor.name(), new Shape(tensor.type(), tensor.dims())));
            tensors.putAll(shapes);
            return write(metadata, tensors);
        }
    }

    private Path without(GgufFile file, String key, String tensor) {
        Map<String, GgufValue> metadata = new LinkedHashMap<>(file.metadata());
        metadata.remove(key);
        Map<String, Shape> tensors = new LinkedHashMap<>();
        file.tensors().forEach(kept -> tensors.put(kept.name(), new Shape(kept.type(), kept.dims())));
        tensors.remove(tensor);
        return write(metadata, tensors);
    }

    /** All zeros: only the check reads it. */
    private Path write(Map<String, GgufValue> metadata, Map<String, Shape> tensors) {
        GgufWriter writer = new GgufWriter();
        metadata.forEach(writer::put);
        tensors.forEach(
                (name, shape) -> writer.tensor(name, shape.type(), shape.dims(), zeros -> zeros.fill((byte) 0)));
        Path file = folder.resolve("edited.gguf");
        writer.write(file);
        return file;
    }
}
