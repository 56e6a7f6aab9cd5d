package org.dndllm.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.dndllm.format.SafetensorsFile;
import org.dndllm.format.TensorView;
import org.junit.jupiter.api.Test;

/** The yardstick itself: the plain evaluation must agree with transformers before it may judge the graph. */
final class BertReferenceTest {
    @Test
    void states_tinyBertOfTransformers_equal() {
        BertConfig config = BertConfig.read(Resources.path("tiny-bert/config.json"));
        java.util.Map<String, float[]> weights = new java.util.HashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(Resources.path("tiny-bert/model.safetensors"));
                SafetensorsFile golden = SafetensorsFile.open(Resources.path("tiny-bert/golden.safetensors"))) {
            for (String name : config.tensorShapes().keySet()) {
                weights.put(name, file.tensor(name).toFloats());
            }
            BertReference reference = new BertReference(config, weights);
            TensorView ids = golden.tensor("input_ids");
            int length = ids.shape().get(1).intValue();
            float[] expected = golden.tensor("last_hidden_state").toFloats();
            for (int n = 0; n < ids.shape().get(0); n++) {
                long[] row = Arrays.copyOfRange(Errors.longs(ids), n * length, (n + 1) * length);
                long[] mask =
                        Arrays.copyOfRange(Errors.longs(golden.tensor("attention_mask")), n * length, (n + 1) * length);
                double[] flat = Arrays.stream(reference.states(row, mask))
                        .flatMapToDouble(Arrays::stream)
                        .toArray();
                // the golden states were computed in float64 and stored as float32
                assertThat(Errors.relative(expected, n * length * 32, flat)).isLessThan(1e-6);
            }
        }
    }

    @Test
    void erf_knownValues_equal() {
        // Abramowitz and Stegun, table 7.1
        assertThat(BertReference.erf(0.5)).isCloseTo(0.5204998778, within(1e-10));
        assertThat(BertReference.erf(1)).isCloseTo(0.8427007929, within(1e-10));
        assertThat(BertReference.erf(-2)).isCloseTo(-0.9953222650, within(1e-10));
    }
}
