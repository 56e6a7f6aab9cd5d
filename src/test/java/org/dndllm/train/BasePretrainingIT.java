package org.dndllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.dndllm.train.torch.TorchDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BasePretrainingIT {
    private static final List<Example> MIXED = mixed();

    @TempDir
    Path folder;

    @Test
    void loss_mixedLengths_equalsThatOfOnePaddedBatch() {
        Qwen2Config config = Qwen2Config.of(TinyBase.SHAPE);
        TrainingOptions options = TrainingOptions.of(1, 1e-3, 3);
        try (BasePretraining training = new BasePretraining(
                        config,
                        (seed, step, index) -> MIXED.get(index),
                        List.of(),
                        MIXED.size(),
                        options,
                        TorchDevice.CPU);
                PointerScope scope = new PointerScope();
                NoGradGuard frozen = new NoGradGuard()) {
            double padded = training.model()
                    .loss(TokenBatch.of(MIXED, TorchDevice.CPU), AdapterTensors.NONE)
                    .item_float();

            assertThat((double) training.loss(0, 0).item_float()).isCloseTo(padded, within(1e-5));
            assertThat(LengthGroups.of(MIXED)).hasSizeGreaterThan(1);
        }
    }

    @Test
    void share_modelThatAnswersItself_isOneAndZeroForOthers() {
        Qwen2Config config = Qwen2Config.of(TinyBase.SHAPE);
        TrainingOptions options = TrainingOptions.of(60, 1e-2, 3);
        List<Example> learnt =
                List.of(Example.of(new int[] {1, 2}, new int[] {3, 4}), Example.of(new int[] {5}, new int[] {6}));
        List<Example> wrongInPart = List.of(
                learnt.getFirst(),
                Example.of(new int[] {1, 2}, new int[] {3, 5}),
                Example.of(new int[] {5}, new int[] {7}));
        try (BasePretraining training = new BasePretraining(
                config, (seed, step, index) -> learnt.get(index), List.of(), 2, options, TorchDevice.CPU)) {
            training.run(folder, progress -> {});

            assertThat(ExactMatch.share(training.model(), AdapterTensors.NONE, learnt, 1))
                    .isEqualTo(1);
            assertThat(ExactMatch.share(training.model(), AdapterTensors.NONE, wrongInPart, 2))
                    .isCloseTo(1.0 / 3, within(1e-9));
        }
    }

    private static List<Example> mixed() {
        List<Example> examples = new ArrayList<>(TinyBase.examples(6, 1));
        examples.add(Example.of(new int[40], new int[] {1, 2, 3}));
        return examples;
    }
}
