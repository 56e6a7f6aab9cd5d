package org.dndllm.train.generator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.GgmlType;
import org.dndllm.generator.CompactConfig;
import org.dndllm.generator.GeneratorConfig;
import org.dndllm.generator.GeneratorWeights;
import org.dndllm.generator.PaperConfig;
import org.dndllm.generator.Stage;
import org.dndllm.generator.WeightSource;
import org.dndllm.lora.AdapterLayout;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.lora.TargetModule;
import org.dndllm.train.BaseWeights;
import org.dndllm.train.MetricsHistory;
import org.dndllm.train.Qwen2;
import org.dndllm.train.TinyBase;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.TrainingResult;
import org.dndllm.train.torch.TorchDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Generators of both families learn, resume and are exported. */
class GeneratorTrainingIT {
    private static final List<TargetModule> ALL = List.of(TargetModule.values());
    private static final AdapterLayout PLAIN = AdapterLayout.plain(TinyBase.SHAPE, 4, 8, ALL, 32);
    private static final AdapterLayout OFFICIAL = AdapterLayout.of(TinyBase.SHAPE, 4, 8, ALL, 32);
    private static final Stage CONDITION = new Stage(6, 5, 16);

    @TempDir
    Path folder;

    /** What a run gave. */
    private record Outcome(TrainingResult result, List<Double> losses, double difference) {}

    private static GeneratorConfig config(String family) {
        return family.equals(CompactConfig.FAMILY)
                ? GeneratorConfig.compact(3, 4, 16, CONDITION, hidden(PLAIN), tokens(PLAIN))
                : GeneratorConfig.paper(3, CONDITION, hidden(OFFICIAL), tokens(OFFICIAL));
    }

    private static Stage hidden(AdapterLayout layout) {
        return new Stage(16, layout.rows(), layout.columns());
    }

    private static Stage tokens(AdapterLayout layout) {
        return new Stage(layout.tokens(), layout.rows(), layout.columns());
    }

    @Test
    void run_taskObjective_learnsToTellTasksByTheirPrompts() {
        TaskSet tasks = tasks(2, 48);
        TrainingOptions options = options(80, 1e-2);

        Outcome outcome = train("compact", tasks, settings(Objective.TASK, 2, 8), options, "run", Integer.MAX_VALUE);

        // who does not know which task it is cannot do better than ln 2; the tiny base's logits are bounded, so 0 is
        // far
        assertThat(outcome.losses().getLast()).isLessThan(0.5 * Math.log(2));
        assertThat(outcome.result().bestValidationLoss().orElseThrow()).isLessThan(0.5 * Math.log(2));
        assertThat(outcome.difference()).isLessThan(GeneratorExport.TOLERANCE);
    }

    @ParameterizedTest
    @ValueSource(strings = {"compact", "paper"})
    void run_reconOfOneCheckpoint_lossFallsTenfold(String family) {
        TaskSet tasks = tasks(1, 12);
        checkpoint("task0/seed-1", 1);

        Outcome outcome =
                train(family, tasks, settings(Objective.RECON, 2, 1), options(150, 2e-2), "run", Integer.MAX_VALUE);

        assertThat(outcome.losses().getLast()).isLessThan(outcome.losses().getFirst() / 10);
        assertThat(outcome.result().bestValidationLoss()).isEmpty();
    }

    @Test
    void run_bothObjectivesOnThePaperFamily_lossFallsAndHeldBackCheckpointsAreRead() {
        TaskSet tasks = tasks(2, 24);
        for (String task : List.of("task0", "task1")) {
            checkpoint(task + "/seed-1", task.hashCode());
            checkpoint(task + "/seed-2", task.hashCode() + 1);
        }

        Outcome outcome = train(
                "paper", tasks, settings(Objective.RECON_AND_TASK, 2, 4), options(30, 3e-3), "run", Integer.MAX_VALUE);

        assertThat(outcome.losses().getLast()).isLessThan(outcome.losses().getFirst());
        try (CheckpointTokens tokens =
                CheckpointTokens.read(folder.resolve("loras"), tasks, OFFICIAL, 1 << 30, TorchDevice.CPU)) {
            assertThat(tokens.train()).allSatisfy(all -> assertThat(all.size(0)).isEqualTo(1));
            assertThat(tokens.validation()).hasSize(2);
        }
    }

    @ParameterizedTest
    @EnumSource(Objective.class)
    void run_stoppedAndResumed_givesTheSameLosses(Objective objective) {
        TaskSet tasks = tasks(3, 16);
        for (int i = 0; i < 3; i++) {
            checkpoint("task" + i + "/seed-1", i);
            checkpoint("task" + i + "/seed-2", i + 10);
        }
        TrainingOptions options = options(9, 1e-2).withRhythm(3, 4, 0);
        GeneratorSettings settings = settings(objective, 2, 4);
        Outcome whole = train("compact", tasks, settings, options, "whole", Integer.MAX_VALUE);

        // when
        assertThatThrownBy(() -> train("compact", tasks, settings, options, "parts", 5))
                .hasMessage("stopped");
        Outcome resumed = train("compact", tasks, settings, options, "parts", Integer.MAX_VALUE);

        // then
        assertThat(resumed.losses()).isEqualTo(whole.losses()).hasSize(9);
        assertThat(resumed.result()).isEqualTo(whole.result());
        assertThatThrownBy(() -> train("compact", tasks(2, 16), settings, options, "parts", Integer.MAX_VALUE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("another run");
    }

    @Test
    void conditions_keptOrEncodedAnew_areTheSame() {
        TaskSet tasks = tasks(2, 16);
        TrainingOptions options = options(4, 1e-2);
        GeneratorSettings settings = settings(Objective.TASK, 2, 4);

        Outcome kept = train("compact", tasks, settings, options, "kept", Integer.MAX_VALUE);
        memory = 1;
        Outcome anew = train("compact", tasks, settings, options, "anew", Integer.MAX_VALUE);

        // the encoder sees other texts beside a prompt, which costs a rounding
        for (int i = 0; i < kept.losses().size(); i++) {
            assertThat(anew.losses().get(i)).isCloseTo(kept.losses().get(i), org.assertj.core.data.Offset.offset(1e-3));
        }
    }

    @Test
    void training_unsuitableMaterial_refused() {
        TrainingOptions options = options(2, 1e-2);
        TaskSet tasks = tasks(1, 12);

        assertThatThrownBy(() -> train("compact", tasks, settings(Objective.TASK, 1, 40), options, "a", 9))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("task0", "9 training items", "fewer items per task");
        assertThatThrownBy(() -> train("compact", tasks, settings(Objective.RECON, 1, 4), options, "b", 9))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("task0", "there are none", "dnd collect");
        checkpoint("task0/seed-1", 1);
        AdapterLayout other = AdapterLayout.plain(TinyBase.SHAPE, 2, 4, ALL, 32);
        assertThatThrownBy(() -> CheckpointTokens.read(folder.resolve("loras"), tasks, other, 1 << 30, TorchDevice.CPU))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("seed-1", "has rank 4; the layout has 2");
        assertThatThrownBy(() -> CheckpointTokens.read(folder.resolve("loras"), tasks, PLAIN, 100, TorchDevice.CPU))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("allow more memory");
    }

    private long memory = 1 << 30;

    private static TaskSet tasks(int count, int items) {
        List<GeneratorTask> tasks = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            tasks.add(TinyTasks.task(i, items));
        }
        return new TaskSet(tasks, tasks);
    }

    private void checkpoint(String name, long seed) {
        PeftAdapter.write(folder.resolve("loras").resolve(name), TinyBase.adapter(TinyBase.SHAPE, seed), Map.of());
    }

    private static GeneratorSettings settings(Objective objective, int groups, int items) {
        return new GeneratorSettings(objective, groups, items, 1, 64);
    }

    private static TrainingOptions options(long steps, double rate) {
        return TrainingOptions.of(steps, rate, 7)
                .withSchedule(2, 0)
                .withBeta2(0.99)
                .withLimits(0.01, 1)
                .withRhythm(100, 10, 0);
    }

    private Outcome train(
            String family, TaskSet tasks, GeneratorSettings settings, TrainingOptions options, String run, int stop) {
        GeneratorConfig config = config(family);
        AdapterLayout layout = config instanceof CompactConfig ? PLAIN : OFFICIAL;
        WeightSource initial = switch (config) {
            case PaperConfig paper -> GeneratorWeights.random(paper, 1);
            case CompactConfig compact -> GeneratorWeights.random(compact, layout, 1);
        };
        Path base = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        try (BaseWeights weights = BaseWeights.load(base, TorchDevice.CPU);
                Qwen2 qwen = Qwen2.of(weights, TorchDevice.CPU);
                SentenceEncoder encoder = TinyTasks.encoder(folder);
                ConditionStore store = new ConditionStore(
                        encoder, tasks.all(), CONDITION.l(), memory, TorchDevice.CPU, SentenceEncoder.Progress.NONE)) {
            Optional<CheckpointTokens> tokens = settings.objective().reconstructs()
                    ? Optional.of(
                            CheckpointTokens.read(folder.resolve("loras"), tasks, layout, 1 << 30, TorchDevice.CPU))
                    : Optional.empty();
            try (GeneratorTraining training = new GeneratorTraining(
                    config,
                    layout,
                    initial,
                    new GeneratorTraining.Material(tasks, store, qwen, tokens),
                    settings,
                    options)) {
                Path work = folder.resolve(run);
                TrainingResult result = training.run(work, Map.of("base", "tiny"), progress -> {
                    if (progress.step() == stop) {
                        throw new IllegalStateException("stopped");
                    }
                });
                List<Double> losses = MetricsHistory.read(work).points().stream()
                        .map(MetricsHistory.Point::loss)
                        .toList();
                return new Outcome(result, losses, training.export(work.resolve("generator.onnx")));
            } finally {
                tokens.ifPresent(CheckpointTokens::close);
            }
        }
    }
}
