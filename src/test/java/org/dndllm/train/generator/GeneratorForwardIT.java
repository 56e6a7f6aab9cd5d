package org.dndllm.train.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.dndllm.NativeFailureException;
import org.dndllm.generator.BundleWeights;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorWeights;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.generator.WeightSource;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.TargetModule;
import org.dndllm.train.TinyBase;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The forward passes of training against the graphs of use. */
class GeneratorForwardIT {
    private static final AdapterLayout PLAIN =
            AdapterLayout.plain(TinyBase.SHAPE, 2, 4, List.of(TargetModule.Q_PROJ, TargetModule.DOWN_PROJ), 32);

    @TempDir
    Path folder;

    static Stream<GeneratorConfig> configs() {
        return Stream.of(
                GeneratorConfig.paper(3, new Stage(5, 6, 7), new Stage(4, 5, 9), new Stage(8, 4, 6)),
                GeneratorConfig.paper(4, new Stage(3, 6, 7), new Stage(3, 6, 7), new Stage(5, 4, 6)),
                GeneratorConfig.superLarge(12, 1, new Stage(3, 4, 6), new Stage(5, 3, 4)),
                compact(3, new Stage(5, 6, 8), new Stage(9, 3, 10), new Stage(9, 3, 10)),
                compact(5, new Stage(4, 7, 12)),
                compact(1, new Stage(3, 5, 8), new Stage(4, 1, 6)));
    }

    private static CompactConfig compact(int kernel, Stage... stages) {
        Stage[] all = java.util.Arrays.copyOf(stages, stages.length + 1);
        all[stages.length] = new Stage(PLAIN.tokens(), PLAIN.rows(), PLAIN.columns());
        return GeneratorConfig.compact(kernel, 4, 6, all);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void export_randomWeights_agreesWithOnnxRuntime(GeneratorConfig config) {
        WeightSource weights = switch (config) {
            case PaperConfig paper -> GeneratorWeights.random(paper, 3);
            case CompactConfig compact -> GeneratorWeights.random(compact, PLAIN, 3);
        };
        try (PointerScope scope = new PointerScope();
                Parameters parameters = GeneratorParameters.of(config, weights, TorchDevice.CPU)) {
            // every kind of weight away from its initial 0 or 1
            parameters
                    .values()
                    .add_(Tensors.of(
                            gaussian((int) parameters.values().numel(), 0.1f, 4),
                            TorchDevice.CPU,
                            parameters.values().numel()));

            double difference =
                    GeneratorExport.write(config, parameters, condition(config), folder.resolve("generator.onnx"));

            assertThat(difference).isLessThan(1e-5);
        }
    }

    @Test
    void export_reread_givesTheSameWeights() {
        CompactConfig config = compact(3, new Stage(3, 5, 8), new Stage(4, 2, 6));
        WeightSource weights = GeneratorWeights.random(config, PLAIN, 3);
        Path file = folder.resolve("generator.onnx");
        try (PointerScope scope = new PointerScope();
                Parameters parameters = GeneratorParameters.of(config, weights, TorchDevice.CPU);
                Parameters other = parametersOf(config, parameters, file)) {
            assertThat(other.names()).isEqualTo(parameters.names());
            other.names()
                    .forEach(name -> assertThat(other.floats(name)).as(name).isEqualTo(parameters.floats(name)));
        }
    }

    private static Parameters parametersOf(GeneratorConfig config, Parameters parameters, Path file) {
        GeneratorExport.write(config, parameters, condition(config), file);
        return GeneratorParameters.of(config, BundleWeights.of(file, config), TorchDevice.CPU);
    }

    @Test
    void require_tokensDiffer_namesTheDifference() {
        float[] torch = {1, 2, 3, 4};
        float[] onnx = {1, 2, 3, 4.01f};

        assertThat(GeneratorExport.require(folder, torch, torch, 2)).isZero();
        assertThatThrownBy(() -> GeneratorExport.require(folder, torch, onnx, 2))
                .isInstanceOf(NativeFailureException.class)
                .hasMessageContaining("differ by 0.00200");
        assertThatThrownBy(() -> GeneratorExport.require(folder, torch, new float[] {1, Float.NaN, 3, 4}, 2))
                .isInstanceOf(NativeFailureException.class)
                .hasMessageContaining("NaN");
    }

    /** With padding of different lengths, and large values at it. */
    static ConditionTensors condition(GeneratorConfig config) {
        int n = config.prompts();
        int l = config.textLength();
        float[] mask = new float[n * l];
        for (int i = 0; i < n; i++) {
            java.util.Arrays.fill(mask, i * l, i * l + 1 + i % l, 1);
        }
        float[] states = gaussian(n * l * config.channels(), 1, 5);
        return new ConditionTensors(
                Tensors.of(states, TorchDevice.CPU, 1, n, l, config.channels()),
                Tensors.of(mask, TorchDevice.CPU, 1, n, l));
    }

    static float[] gaussian(int count, float deviation, long seed) {
        Random random = new Random(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian() * deviation;
        }
        return values;
    }
}
