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

/**
 * {@code bundle/}: a generator, trained by the very command that users have.
 *
 * @param recipe what to train and how
 * @param trainer runs {@code dnd train} with these arguments and gives its exit code
 */
record GeneratorStage(NanoRecipe.Generator recipe, ToIntFunction<List<String>> trainer) implements Stage.Work {
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
        return results(GeneratorBundle.open(folder));
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
