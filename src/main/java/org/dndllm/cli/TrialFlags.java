package org.dndllm.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.dndllm.cli.experiment.SetPlan;
import org.dndllm.cli.experiment.TrialScale;
import org.dndllm.engine.EngineOptions;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.eval.experiment.Settings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What experiments on a trained bundle are made from, and where they are kept. */
final class TrialFlags {
    @Mixin
    private final MeasureFlags measure = new MeasureFlags();

    @Mixin
    private final ExperimentFolders folders = new ExperimentFolders();

    @Option(
            names = "--generator",
            paramLabel = "DIR",
            description = "Trained bundle to measure. Default: compact of the set.")
    private @Nullable Path generator;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "0",
            description = "Threads for each engine; 0 leaves it to them. Default: ${DEFAULT-VALUE}.")
    private int threads;

    Path work() {
        return folders.work();
    }

    int threads() {
        Flags.atLeast("--threads", threads, 0);
        return threads;
    }

    Settings settings() {
        NanoSet nano = folders.set();
        EngineOptions plain = EngineOptions.DEFAULT;
        EngineOptions engine = threads() == 0
                ? plain
                : new EngineOptions(
                        plain.session().withThreads(threads),
                        plain.model(),
                        plain.context().withThreads(threads),
                        plain.adapterType());
        return new Settings(
                nano.base(), bundle(), nano.tasks(), nano.adapters(), measure.seeds(), measure.items(), engine);
    }

    SetPlan plan() {
        return SetPlan.of(folders.set().folder());
    }

    /** Where a set declares its experiments. */
    Path planFile() {
        return folders.set().folder().resolve(SetPlan.FILE);
    }

    /** How far the bundle's inputs can be varied. */
    TrialScale scale(SetPlan plan) {
        return TrialScale.of(GeneratorBundle.open(bundle()), folders.set().taskFolder(), plan);
    }

    private Path bundle() {
        return Optional.ofNullable(generator).orElseGet(folders.set()::bundle);
    }
}
