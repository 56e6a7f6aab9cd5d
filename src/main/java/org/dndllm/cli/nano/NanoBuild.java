package org.dndllm.cli.nano;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.dndllm.InvalidInputException;
import org.dndllm.format.AtomicFile;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.WorldSpec;
import org.dndllm.train.torch.TorchDevice;

/** The stages of the nano set. */
public final class NanoBuild {
    static final String WORLD = "world";
    static final String VOCABULARY = "vocabulary";
    static final String BASE = "base";
    static final String ENCODER = "encoder";
    static final String COLLECT = "collect";
    static final String SHIP = "ship";

    /** Raised when a stage's code changes what it makes from the same settings. */
    private static final int VERSION = 1;

    private NanoBuild() {}

    /**
     * All stages, each after those that it needs.
     *
     * @param trainer runs {@code dnd train} with these arguments and gives its exit code
     */
    public static List<Stage> stages(NanoRecipe recipe, TorchDevice device, ToIntFunction<List<String>> trainer) {
        NanoWorld world = NanoWorld.of(recipe.world());
        List<Stage> stages = new ArrayList<>(List.of(
                new Stage(WORLD, List.of(), settings(seeded(recipe.world())), new WorldStage(world)),
                new Stage(
                        VOCABULARY,
                        List.of(WORLD),
                        settings(Map.of("positions", recipe.encoder().shape().maxPositions())),
                        new VocabularyStage(world, recipe.encoder().shape().maxPositions())),
                new Stage(
                        BASE,
                        List.of(VOCABULARY),
                        settings(recipe.base().toJson()),
                        new BaseStage(world, recipe.base(), device)),
                new Stage(
                        ENCODER,
                        List.of(VOCABULARY),
                        settings(recipe.encoder().toJson()),
                        new EncoderStage(world, recipe.encoder(), device)),
                new Stage(
                        COLLECT,
                        List.of(WORLD, BASE),
                        settings(recipe.adapters().toJson()),
                        new CollectStage(world, recipe.adapters(), device))));
        List<String> families =
                recipe.generators().stream().map(NanoRecipe.Generator::family).toList();
        for (NanoRecipe.Generator generator : recipe.generators()) {
            List<String> needs = new ArrayList<>(List.of(WORLD, BASE, ENCODER));
            if (generator.checkpoints()) {
                needs.add(COLLECT);
            }
            stages.add(new Stage(
                    generator.family(),
                    needs,
                    settings(Map.of("flags", generator.flags())),
                    new GeneratorStage(generator, trainer)));
        }
        List<String> shipped = new ArrayList<>(List.of(WORLD, BASE, COLLECT));
        shipped.addAll(families);
        stages.add(new Stage(
                SHIP,
                shipped,
                settings(Map.of()),
                new ShipStage(recipe.world().seed(), ShipStage.standard(world, families))));
        return List.copyOf(stages);
    }

    private static Map<String, Object> seeded(WorldSpec spec) {
        Map<String, Object> settings = new LinkedHashMap<>(spec.json());
        settings.put("seed", spec.seed());
        return settings;
    }

    /**
     * Copies what a finished build ships.
     *
     * @param work folder of the build
     * @param target appears, or is replaced, whole
     * @throws org.dndllm.InvalidInputException when the build is not finished
     */
    public static void publish(Path work, Path target) {
        Path made = work.resolve(SHIP).resolve(ShipStage.FOLDER);
        if (!Files.isDirectory(made)) {
            throw new InvalidInputException(work.toString(), SHIP, "is not done; run all stages first");
        }
        AtomicFile.writeFolder(target, inside -> ShipStage.copy(made, inside), true);
    }

    private static Map<String, Object> settings(Map<String, ?> of) {
        Map<String, Object> settings = new LinkedHashMap<>(of);
        settings.put("version", VERSION);
        return settings;
    }
}
