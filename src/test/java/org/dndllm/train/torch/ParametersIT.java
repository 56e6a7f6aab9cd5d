package org.dndllm.train.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.AdamWOptions;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ParametersIT {
    private static final List<Parameters.Spec> SPECS = List.of(
            Parameters.Spec.of("bias", false, 3),
            Parameters.Spec.of("weight", true, 3, 5),
            Parameters.Spec.of("other", true, 7));

    @TempDir
    Path folder;

    @Test
    void choose_cudaWithoutGpu_saysWhy() {
        assertThatThrownBy(() -> TorchDevice.choose("cuda"))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("CUDA");
        assertThat(TorchDevice.choose("auto")).isEqualTo(TorchDevice.CPU);
        assertThatThrownBy(() -> TorchDevice.choose("npu")).isInstanceOf(InvalidInputException.class);
    }

    @Test
    void backward_twoParameters_gradientsLieInOneTensor() {
        try (Parameters parameters = random(1);
                PointerScope scope = new PointerScope()) {
            // when: the same loss twice
            for (int i = 0; i < 2; i++) {
                parameters.get("weight").square().sum().backward();
            }

            // then: gradients add up, and only where they belong
            assertThat(parameters.gradientNorms().get("weight"))
                    .isCloseTo((float) (4 * norm(parameters.floats("weight"))), within(1e-4f));
            assertThat(parameters.gradientNorms().get("other")).isZero();
            assertThat(parameters.gradients().norm().item_float())
                    .isCloseTo(parameters.gradientNorms().get("weight"), within(1e-4f));
            assertThat(parameters.count()).isEqualTo(25);
        }
    }

    @Test
    void step_againstLibTorchsAdamW_sameNumbers() {
        try (Parameters parameters = random(2);
                AdamW ours = new AdamW(parameters, 0);
                PointerScope scope = new PointerScope()) {
            Tensor[] leaves = new Tensor[SPECS.size()];
            for (int i = 0; i < leaves.length; i++) {
                Parameters.Spec spec = SPECS.get(i);
                leaves[i] = Tensors.of(
                        parameters.floats(spec.name()),
                        TorchDevice.CPU,
                        spec.shape().stream().mapToLong(Long::longValue).toArray());
                leaves[i].set_requires_grad(true);
            }
            AdamWOptions options = new AdamWOptions(1e-2);
            options.weight_decay().put(0);
            var theirs = new org.bytedeco.pytorch.AdamW(new TensorVector(leaves), options);

            // when
            for (int step = 0; step < 20; step++) {
                ours.zeroGradients();
                theirs.zero_grad();
                for (int i = 0; i < leaves.length; i++) {
                    loss(parameters.get(SPECS.get(i).name())).backward();
                    loss(leaves[i]).backward();
                }
                ours.step(1e-2);
                theirs.step();
            }

            // then: single-precision rounding apart
            for (int i = 0; i < leaves.length; i++) {
                float[] expected = Tensors.floats(leaves[i]);
                float[] actual = parameters.floats(SPECS.get(i).name());
                for (int k = 0; k < expected.length; k++) {
                    assertThat(actual[k]).isCloseTo(expected[k], within(1e-6f));
                }
            }
        }
    }

    @Test
    void step_withDecay_movesMatricesOnly() {
        try (Parameters parameters = random(3);
                AdamW optimiser = new AdamW(parameters, 0.1)) {
            float[] weight = parameters.floats("weight");
            float[] bias = parameters.floats("bias");

            // when: no gradient at all
            optimiser.step(0.5);

            // then
            assertThat(parameters.floats("weight")[0]).isCloseTo(weight[0] * 0.95f, within(1e-6f));
            assertThat(parameters.floats("bias")).isEqualTo(bias);
        }
    }

    @Test
    void clip_largeGradient_hasTheWantedNorm() {
        try (Parameters parameters = random(4);
                AdamW optimiser = new AdamW(parameters, 0)) {
            try (PointerScope scope = new PointerScope()) {
                parameters.get("other").mul(new Scalar(100)).sum().backward();
            }

            assertThat(optimiser.clip(1)).isCloseTo(100 * Math.sqrt(7), within(1e-3));
            assertThat(optimiser.clip(0)).isCloseTo(1, within(1e-5));
        }
    }

    @Test
    void load_whatWasSaved_sameBits() {
        Path file = folder.resolve("p.safetensors");
        try (Parameters saved = random(5);
                Parameters loaded = random(6)) {
            saved.save(file, Map.of());
            loaded.load(file);

            for (String name : saved.names()) {
                assertThat(loaded.floats(name)).as(name).isEqualTo(saved.floats(name));
            }
        }
        try (Parameters others = new Parameters(List.of(Parameters.Spec.of("x", true, 2)), TorchDevice.CPU)) {
            assertThatThrownBy(() -> others.load(file))
                    .isInstanceOf(InvalidInputException.class)
                    .hasMessageContaining("not the parameters");
        }
    }

    private static Tensor loss(Tensor parameter) {
        return parameter.square().mul(parameter.add(new Scalar(1))).sum();
    }

    private static Parameters random(long seed) {
        Random random = new Random(seed);
        Parameters parameters = new Parameters(SPECS, TorchDevice.CPU);
        for (Parameters.Spec spec : SPECS) {
            float[] numbers = new float[(int) spec.elements()];
            for (int i = 0; i < numbers.length; i++) {
                numbers[i] = (float) random.nextGaussian();
            }
            parameters.set(spec.name(), numbers);
        }
        return parameters;
    }

    private static double norm(float[] numbers) {
        double sum = 0;
        for (float number : numbers) {
            sum += (double) number * number;
        }
        return Math.sqrt(sum);
    }
}
