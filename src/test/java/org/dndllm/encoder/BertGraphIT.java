package org.dndllm.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.SafetensorsWriter;
import org.dndllm.format.Sha256;
import org.dndllm.format.TensorView;
import org.dndllm.onnx.OnnxSession;
import org.dndllm.onnx.OnnxTensorValue;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The graph against plain double arithmetic and against a reference that we did not write. */
final class BertGraphIT {
    /** Relative to the largest magnitude of the tensor: float32 sums of a few dozen terms over two layers. */
    private static final double TOLERANCE = 1e-5;

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void export_randomWeights_equalsPlainEvaluation(long seed, @TempDir Path folder) {
        // given
        BertConfig config = new BertConfig(24, 3, 3, 40, 20, 2, 50, 1e-12);
        SplittableRandom random = new SplittableRandom(seed);
        Map<String, float[]> weights = RandomBert.weights(config, random);
        Path graph = folder.resolve("encoder.onnx");
        BertGraph.export(config, RandomBert.views(config, weights), graph);
        int rows = 5;
        int length = 20;
        long[] ids = random.longs((long) rows * length, 0, 50).toArray();
        long[] mask = new long[ids.length];
        int[] counts = {20, 1, 13, 7, 0}; // the last row: a block of nothing but padding
        for (int n = 0; n < rows; n++) {
            Arrays.fill(mask, n * length, n * length + counts[n], 1);
        }
        // when
        Map<String, OnnxTensorValue> out = run(graph, ids, mask, rows, length);
        // then
        BertReference reference = new BertReference(config, weights);
        float[] states = out.get("states").floats();
        float[] embedding = out.get("embedding").floats();
        for (int n = 0; n < rows; n++) {
            long[] rowMask = Arrays.copyOfRange(mask, n * length, (n + 1) * length);
            double[][] expected = reference.states(Arrays.copyOfRange(ids, n * length, (n + 1) * length), rowMask);
            double[] flat =
                    Arrays.stream(expected).flatMapToDouble(Arrays::stream).toArray();
            assertThat(Errors.relative(states, n * length * 24, flat))
                    .as("states of row %d, seed %d", n, seed)
                    .isLessThan(TOLERANCE);
            assertThat(Errors.relative(embedding, n * 24, reference.embedding(expected, rowMask)))
                    .as("embedding of row %d, seed %d", n, seed)
                    .isLessThan(TOLERANCE);
        }
    }

    @Test
    void export_tinyBertOfTransformers_equalsItsStates(@TempDir Path folder) {
        // given a model that transformers made, with its own outputs
        Path graph = folder.resolve("encoder.onnx");
        BertGraph.export(Resources.path("tiny-bert"), graph);
        try (SafetensorsFile golden = SafetensorsFile.open(Resources.path("tiny-bert/golden.safetensors"))) {
            TensorView ids = golden.tensor("input_ids");
            int rows = ids.shape().get(0).intValue();
            int length = ids.shape().get(1).intValue();
            // when
            Map<String, OnnxTensorValue> out =
                    run(graph, Errors.longs(ids), Errors.longs(golden.tensor("attention_mask")), rows, length);
            // then
            assertThat(Errors.relative(
                            out.get("states").floats(),
                            golden.tensor("last_hidden_state").toFloats()))
                    .isLessThan(TOLERANCE);
            assertThat(Errors.relative(
                            out.get("embedding").floats(),
                            golden.tensor("embedding").toFloats()))
                    .isLessThan(TOLERANCE);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bert.", "0.auto_model."})
    void export_otherPrefixes_giveTheSameFile(String prefix, @TempDir Path folder) throws IOException {
        Path renamed = Files.createDirectories(folder.resolve("renamed"));
        Files.copy(Resources.path("tiny-bert/config.json"), renamed.resolve("config.json"));
        try (SafetensorsFile file = SafetensorsFile.open(Resources.path("tiny-bert/model.safetensors"))) {
            List<TensorView> tensors = file.names().stream()
                    .map(name -> file.tensor(name).withName(prefix + name))
                    .toList();
            SafetensorsWriter.write(renamed.resolve("model.safetensors"), tensors, Map.of());
        }
        BertGraph.export(Resources.path("tiny-bert"), folder.resolve("plain.onnx"));
        BertGraph.export(renamed, folder.resolve("renamed.onnx"));
        assertThat(Sha256.of(folder.resolve("renamed.onnx"))).isEqualTo(Sha256.of(folder.resolve("plain.onnx")));
    }

    @Test
    void export_halfPrecisionWeights_staysCloseToFloat(@TempDir Path folder) throws IOException {
        Path half = Files.createDirectories(folder.resolve("half"));
        Files.copy(Resources.path("tiny-bert/config.json"), half.resolve("config.json"));
        try (SafetensorsFile file = SafetensorsFile.open(Resources.path("tiny-bert/model.safetensors"))) {
            List<TensorView> tensors = file.names().stream()
                    .map(file::tensor)
                    .map(t -> TensorView.ofFloats(t.name(), org.dndllm.format.DType.F16, t.shape(), t.toFloats()))
                    .toList();
            SafetensorsWriter.write(half.resolve("model.safetensors"), tensors, Map.of());
        }
        BertGraph.export(half, folder.resolve("half.onnx"));
        try (SafetensorsFile golden = SafetensorsFile.open(Resources.path("tiny-bert/golden.safetensors"))) {
            Map<String, OnnxTensorValue> out = run(
                    folder.resolve("half.onnx"),
                    Errors.longs(golden.tensor("input_ids")),
                    Errors.longs(golden.tensor("attention_mask")),
                    7,
                    24);
            // F16 keeps 11 bits: 5e-4 per weight, which two layers do not blow up by more than ten
            assertThat(Errors.relative(
                            out.get("states").floats(),
                            golden.tensor("last_hidden_state").toFloats()))
                    .isBetween(1e-6, 5e-3);
        }
    }

    @Test
    void export_file_isReadByAnotherOnnxParser(@TempDir Path folder) throws IOException {
        BertGraph.export(Resources.path("tiny-bert"), folder.resolve("encoder.onnx"));
        OnnxMl.ModelProto model = OnnxMl.ModelProto.parseFrom(Files.readAllBytes(folder.resolve("encoder.onnx")));
        assertThat(model.getGraph().getInputList()).extracting("name").containsExactly("input_ids", "attention_mask");
        assertThat(model.getGraph().getOutputList()).extracting("name").containsExactly("states", "embedding");
        assertThat(model.getOpsetImport(0).getVersion()).isEqualTo(21);
    }

    static Map<String, OnnxTensorValue> run(Path graph, long[] ids, long[] mask, int rows, int length) {
        try (OnnxSession session = OnnxSession.open(graph, SessionOptions.defaults())) {
            Map<String, OnnxTensorValue> inputs = new HashMap<>();
            inputs.put("input_ids", OnnxTensorValue.of(ids, rows, length));
            inputs.put("attention_mask", OnnxTensorValue.of(mask, rows, length));
            return session.run(inputs);
        }
    }
}
