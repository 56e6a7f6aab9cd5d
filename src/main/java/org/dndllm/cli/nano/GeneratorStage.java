package org.dndllm.cli.nano;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.OodCalibration;
import org.dndllm.engine.OutOfDistribution;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;
import org.dndllm.nano.WorldTask;
import org.dndllm.onnx.SessionOptions;

/**
 * {@code bundle/}: a generator, trained by the very command that users have, with the statistics of its training tasks for
 * the out-of-distribution score.
 *
 * @param recipe what to train and how
 * @param trainer runs {@code dnd train} with these arguments and gives its exit code
 */
record GeneratorStage(NanoWorld world, NanoRecipe.Generator recipe, ToIntFunction<List<String>> trainer)
        implements Stage.Work {
    static final String BUNDLE = "bundle";

    @Override
    public Map<String, ?> run(Workplace workplace) throws IOException {
        Path folder = workplace.folder().resolve(BUNDLE);
        Path tasks = workplace.of(NanoBuild.WORLD, WorldStage.TASKS);
        List<String> arguments = new ArrayList<>(List.of(
                tasks.toString(),
                "--save-to",
                folder.toString(),
                "--replace",
                "--name",
                "nano-" + recipe.family(),
                "--work",
                workplace.runs().toString(),
                "--model",
                workplace.of(NanoBuild.BASE, BaseStage.FILE).toString(),
                "--encoder",
                workplace.of(NanoBuild.ENCODER, EncoderStage.FOLDER).toString()));
        if (recipe.checkpoints()) {
            arguments.add("--lora-dir");
            arguments.add(workplace.of(NanoBuild.COLLECT, CollectStage.ADAPTERS).toString());
        }
        arguments.addAll(recipe.flags());
        workplace.say("dnd train %s", String.join(" ", recipe.flags()));
        int code = trainer.applyAsInt(arguments);
        if (code != 0) {
            throw new InvalidInputException(
                    folder.toString(), "training", "ended with code " + code + "; its message stands above");
        }
        return results(calibrated(GeneratorBundle.open(folder), tasks));
    }

    private GeneratorBundle calibrated(GeneratorBundle bundle, Path tasks) {
        List<WorldTask> training = world.tasks(Role.TRAIN);
        List<PromptSet> prompts = training.stream()
                .map(task -> PromptReader.read(tasks.resolve(task.name() + "_train.json")))
                .toList();
        long seed = world.spec().seed();
        OutOfDistribution statistics =
                OodCalibration.calibrate(bundle, SessionOptions.defaults(), prompts, seed, Progress.NONE);
        return bundle.withOutOfDistribution(
                statistics, training.stream().map(WorldTask::name).toList(), seed);
    }

    private static Map<String, Object> results(GeneratorBundle bundle) {
        Map<String, Object> results = new LinkedHashMap<>();
        results.put("parameters", bundle.manifest().generator().parameters());
        bundle.manifest().training().run().ifPresent(run -> {
            results.put("objective", run.objective());
            results.put("steps", run.steps());
            results.put("best_step", run.bestStep());
            results.put("train_seconds", run.seconds());
            run.validationLoss().ifPresent(loss -> results.put("validation_loss", loss));
        });
        return results;
    }
}
