package org.dndllm.cli.nano;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.dndllm.encoder.BertConfig;
import org.dndllm.lora.BaseShape;
import org.dndllm.nano.WorldSpec;
import org.dndllm.train.LoraSettings;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.torch.TorchDevice;

/** A nano set that takes seconds and can do nothing; as a process of its own, so that it can be killed. */
final class TinyNanoBuild {
    private TinyNanoBuild() {}

    static NanoRecipe recipe() {
        return recipe(0);
    }

    /** @param leastAccuracy of the base model */
    static NanoRecipe recipe(double leastAccuracy) {
        WorldSpec world = new WorldSpec(5, 6, 0.5, 8, 8, 8, 4, 4, 0.6, 0.15, 0.45, 0.35, 4, 1024, 512);
        TrainingOptions some =
                TrainingOptions.of(40, 3e-3, 5).withSchedule(2, 0.1).withRhythm(4, 0, 0);
        TrainingOptions few = TrainingOptions.of(2, 3e-3, 1).withRhythm(1, 0, 0);
        return new NanoRecipe(
                world,
                new NanoRecipe.Base(
                        new BaseShape(BaseShape.QWEN2, 1, 32, 2, 1, 16, 32, 300, true),
                        10_000,
                        128,
                        8,
                        some,
                        few,
                        2,
                        10,
                        leastAccuracy,
                        48),
                new NanoRecipe.Encoder(new BertConfig(32, 1, 2, 32, 32, 2, 1, 1e-12), 4, few),
                new NanoRecipe.Adapters(LoraSettings.official(2), 4, few, 1, 3),
                List.of());
    }

    static Map<String, Object> build(Path work) {
        return build(work, recipe(), line -> {});
    }

    static Map<String, Object> build(Path work, NanoRecipe recipe, Consumer<String> log) {
        List<Stage> stages = NanoBuild.stages(recipe, TorchDevice.CPU, arguments -> 1);
        return new StageRunner(work, recipe.world().seed(), log).run(stages, Optional.empty());
    }

    public static void main(String[] arguments) {
        build(Path.of(arguments[0]));
    }
}
