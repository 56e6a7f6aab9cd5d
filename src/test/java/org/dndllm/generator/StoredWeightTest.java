package org.dndllm.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.ExternalData;
import org.dndllm.onnx.OnnxConstants;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StoredWeightTest {
    private static final List<Stage> STAGES = List.of(new Stage(3, 4, 5), new Stage(4, 3, 6), new Stage(5, 4, 7));
    private static final PaperConfig CONFIG = new PaperConfig(3, STAGES, Optional.of(new Projection(8)));
    private static final long SEED = 20250801;

    @TempDir
    Path folder;

    @Test
    void of_exportedGenerator_everyWeightLiesWhereItSays() throws IOException {
        WeightSource source = GeneratorWeights.random(CONFIG, SEED);
        for (ExternalData where : List.of(ExternalData.NEVER, ExternalData.ALWAYS)) {
            // given
            Path file = folder.resolve(where + ".onnx");
            GeneratorGraph.build(CONFIG, source).write(file, where);

            // when
            List<StoredWeight> weights = StoredWeight.of(file, CONFIG);

            // then: all weights of an official state dict, the projections among them, value by value
            assertThat(weights)
                    .extracting(StoredWeight::name)
                    .containsExactlyElementsOf(CONFIG.weightShapes().keySet());
            for (StoredWeight weight : weights) {
                List<Long> shape = CONFIG.weightShapes().get(weight.name());
                assertThat(weight.shape()).isEqualTo(shape);
                assertThat(read(weight))
                        .as("%s, seed %d", weight.name(), SEED)
                        .containsExactly(
                                source.rows(weight.name(), 0, weight.shape().getFirst())
                                        .toFloats());
            }
        }
    }

    private static float[] read(StoredWeight weight) throws IOException {
        List<Float> values = new ArrayList<>();
        for (OnnxConstants.Stored piece : weight.pieces()) {
            ByteBuffer bytes =
                    ByteBuffer.allocate(Math.toIntExact(piece.bytes())).order(ByteOrder.LITTLE_ENDIAN);
            try (FileChannel channel = FileChannel.open(piece.file())) {
                assertThat(channel.read(bytes, piece.offset())).isEqualTo(bytes.capacity());
            }
            bytes.flip();
            while (bytes.hasRemaining()) {
                values.add(bytes.getFloat());
            }
        }
        float[] array = new float[values.size()];
        for (int i = 0; i < array.length; i++) {
            array[i] = values.get(i);
        }
        return array;
    }

    @Test
    void of_anotherConfiguration_namesTheWeight() {
        Path file = folder.resolve("small.onnx");
        GeneratorGraph.export(CONFIG, GeneratorWeights.random(CONFIG, SEED), file);
        PaperConfig otherKernel = new PaperConfig(5, STAGES, Optional.of(new Projection(8)));
        PaperConfig longer = new PaperConfig(
                3,
                List.of(STAGES.get(0), STAGES.get(1), STAGES.get(2), new Stage(6, 4, 7)),
                Optional.of(new Projection(8)));

        assertThatThrownBy(() -> StoredWeight.of(file, otherKernel))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("conv1w.weight")
                .hasMessageContaining("expected");
        assertThatThrownBy(() -> StoredWeight.of(file, longer))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(WeightNames.layer(2))
                .hasMessageContaining("is missing");
    }
}
