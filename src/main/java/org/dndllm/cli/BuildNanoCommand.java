package org.dndllm.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.nano.NanoBuild;
import org.dndllm.cli.nano.NanoRecipe;
import org.dndllm.cli.nano.Stage;
import org.dndllm.cli.nano.StageRunner;
import org.dndllm.train.torch.TorchDevice;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code dnd build-nano}: makes the nano set from nothing; {@code scripts/build-nano} calls it. */
@Command(
        name = "build-nano",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "Make the nano set from nothing: world, base model, encoder, adapters, generators.",
        description = {
            "Works in stages (world, vocabulary, base, encoder, collect, compact, paper, ship), each in a folder of its own with"
                    + " done.json. Run it again after an interruption: what is done is skipped, training goes on from"
                    + " its last checkpoint. The result is WORK/ship/nano.",
        },
        footer = {
            "",
            "Examples:",
            "  scripts/build-nano",
            "  scripts/build-nano --work scratch --only base --threads 2",
        })
final class BuildNanoCommand implements Callable<Integer> {
    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it
    private CommandSpec spec;

    @Mixin
    private final Output output = new Output();

    @Mixin
    private final TorchFlags torch = new TorchFlags();

    @Option(
            names = "--work",
            paramLabel = "DIR",
            defaultValue = "target/nano",
            description = "Folder of the stages. Default: ${DEFAULT-VALUE}.")
    private Path work = Path.of("");

    @Option(names = "--only", paramLabel = "STAGE", description = "Only this stage; those before it must be done.")
    private @Nullable String only;

    @Option(
            names = "--ship-to",
            paramLabel = "DIR",
            description = "When all is done, make or replace DIR with the shipped files.")
    private @Nullable Path shipTo;

    @Override
    public Integer call() {
        TorchDevice device = torch.device();
        NanoRecipe recipe = NanoRecipe.standard();
        List<Stage> stages = NanoBuild.stages(recipe, device, this::train);
        List<String> names = stages.stream().map(Stage::name).toList();
        if (only != null && !names.contains(only)) {
            throw new InvalidInputException("command line", "--only", "'" + only + "' is not one of " + names);
        }
        StageRunner runner = new StageRunner(work, recipe.world().seed(), this::log);
        Map<String, Object> results = new LinkedHashMap<>(runner.run(stages, Optional.ofNullable(only)));
        if (shipTo != null) {
            NanoBuild.publish(work, shipTo);
            output.line("%s written", shipTo);
        }
        output.line("%d of %d stages are done in %s", results.size(), stages.size(), work);
        output.result(Map.of("work", work.toString(), "stages", results.keySet()));
        return 0;
    }

    /** {@code dnd train} in this process; its lines are progress here, not this command's result. */
    private int train(List<String> arguments) {
        List<String> all = new ArrayList<>(List.of("train"));
        all.addAll(arguments);
        PrintWriter log = spec.commandLine().getErr();
        return Main.run(log, log, all.toArray(String[]::new));
    }

    /** With the time of day, because lines are minutes apart. */
    private void log(String line) {
        output.note("%s %s", LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.SECONDS), line);
    }
}
