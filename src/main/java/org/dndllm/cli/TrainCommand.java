package org.dndllm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.Callable;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.engine.BundleManifest;
import org.dndllm.engine.EncoderFiles;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.OodCalibration;
import org.dndllm.engine.OutOfDistribution;
import org.dndllm.engine.Progress;
import org.dndllm.engine.PromptSet;
import org.dndllm.format.AtomicFile;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.train.BaseWeights;
import org.dndllm.train.LossPlot;
import org.dndllm.train.MetricsHistory;
import org.dndllm.train.Qwen2;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.TrainingResult;
import org.dndllm.train.generator.CheckpointTokens;
import org.dndllm.train.generator.ConditionStore;
import org.dndllm.train.generator.GeneratorSettings;
import org.dndllm.train.generator.GeneratorTask;
import org.dndllm.train.generator.GeneratorTraining;
import org.dndllm.train.generator.TaskSet;
import org.dndllm.train.torch.TorchDevice;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd train}. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "Train a generator: prompts of many tasks in, a bundle out that makes adapters from prompts.",
        description = {
            "TASKS is a folder with NAME_train.json (official format: a list of prompt, response, system), optionally"
                    + " NAME_validation.json and NAME_test.json; the test file is only read to refuse items that are"
                    + " also in it. world.json gives roles: tasks of the role train are trained on, those of the role"
                    + " validation decide which weights are kept; without it all tasks are trained on, and their"
                    + " validation items decide.",
            "Run it again with the same flags to resume after a kill.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd train tasks --save-to bundle -m base.gguf --encoder minilm --rank 4 --alpha 8 --steps 1500",
            "  dnd train tasks --save-to paper -m base.gguf --encoder minilm --family paper --objective recon \\",
            "      --lora-dir checkpoints --rank 4 --stages 64,12,40:128,8,36 --learning-rate 3e-4",
            "  dnd train tasks --save-to few -m base.gguf --prompts 32 --pool 128",
            "  dnd train tasks --save-to better -m base.gguf --init-from bundle --steps 500 --json",
        })
final class TrainCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Parameters(paramLabel = "TASKS", description = "Folder with *_train.json.")
    private Path tasks = Path.of("");

    @Option(names = "--save-to", paramLabel = "BUNDLE", required = true, description = "Folder for the bundle.")
    private Path target = Path.of("");

    @Option(names = "--replace", description = "Replace the bundle if it exists.")
    private boolean replace;

    @Option(names = "--name", paramLabel = "NAME", description = "The bundle's name. Default: that of its folder.")
    private @Nullable String name;

    @Option(
            names = "--work",
            paramLabel = "DIR",
            description = "Folder of the run: metrics.jsonl, loss.png, checkpoints. Default: BUNDLE.work.")
    private @Nullable Path work;

    @Option(
            names = {"-m", "--model", "--base"},
            paramLabel = "GGUF",
            description = "Base model (F32, F16, BF16, Q8_0). Default: the embedded nano base.")
    private @Nullable Path model;

    @Option(
            names = "--encoder",
            paramLabel = "DIR",
            description = "Sentence encoder. Default: that of --init-from, else the embedded one.")
    private @Nullable Path encoder;

    @Mixin
    private final GeneratorFlags generator = new GeneratorFlags();

    @Mixin
    private final ObjectiveFlags objective = new ObjectiveFlags();

    @Mixin
    private final ScheduleFlags schedule = new ScheduleFlags();

    @Mixin
    private final TorchFlags torch = new TorchFlags();

    /**
     * What is trained on what.
     *
     * @param reader folder of the encoder
     * @param inputs what identifies base, encoder, data and first weights
     */
    private record Plan(
            GeneratorFlags.Chosen chosen,
            TaskSet tasks,
            TaskSet.Selection selection,
            GeneratorSettings settings,
            TrainingOptions options,
            Optional<Path> checkpoints,
            Path reader,
            BundleManifest.Base base,
            Map<String, Object> inputs) {}

    @Override
    public Integer call() {
        if (Files.exists(target) && !replace) {
            throw new InvalidInputException(
                    target.toString(), "output", "exists already; choose another name or say --replace");
        }
        GeneratorSettings settings = objective.settings();
        Optional<Path> checkpoints = objective.checkpoints(settings.objective());
        TrainingOptions options = schedule.options(torch.bfloat16());
        TorchDevice device = torch.device();
        Path base =
                Optional.ofNullable(model).orElseGet(() -> NanoSet.embedded().base());
        Optional<GeneratorBundle> from = generator.bundle();
        Path reader = Optional.ofNullable(encoder)
                .or(() -> from.map(GeneratorBundle::folder))
                .orElseGet(() -> NanoSet.embedded().bundle());
        try (LlamaModel text = LlamaModel.open(base, ModelOptions.CPU);
                BaseWeights weights = BaseWeights.load(base, device);
                Qwen2 qwen = Qwen2.of(weights, device);
                SentenceEncoder sentences = SentenceEncoder.open(reader, SessionOptions.defaults())) {
            GeneratorFlags.Chosen chosen =
                    generator.choose(from, qwen.config().shape(), sentences.width(), options.seed());
            TaskSet.Selection selection = objective.selection(chosen.config().prompts(), options.seed());
            TaskSet set = TaskSet.read(tasks, selection, new ChatTokenizer(text.vocabulary())::example);
            BundleManifest.Base identity = BundleManifest.Base.ofGguf(base);
            Map<String, Object> inputs = new LinkedHashMap<>(selection.toJson());
            inputs.put("base", identity.sha256().orElseThrow());
            inputs.put("encoder", EncoderFiles.sha256(reader));
            inputs.put("initial", chosen.source());
            inputs.put("layout", chosen.layout().toJson());
            Plan plan = new Plan(chosen, set, selection, settings, options, checkpoints, reader, identity, inputs);
            describe(plan);
            train(plan, qwen, sentences);
        }
        return 0;
    }

    private void train(Plan plan, Qwen2 qwen, SentenceEncoder sentences) {
        Progress bars = output.progress();
        int length = plan.chosen().config().textLength();
        long memory = objective.memoryBytes();
        try (ConditionStore store = new ConditionStore(
                sentences,
                plan.tasks().all(),
                length,
                memory,
                qwen.device(),
                (done, total) -> bars.advanced("encode prompts", done, total))) {
            if (!store.inMemory()) {
                output.note("warning: the encoded prompts would take more than --memory; every step encodes anew");
            }
            if (plan.checkpoints().isEmpty()) {
                train(plan, new GeneratorTraining.Material(plan.tasks(), store, qwen, Optional.empty()), bars);
                return;
            }
            try (CheckpointTokens tokens = CheckpointTokens.read(
                    plan.checkpoints().get(), plan.tasks(), plan.chosen().layout(), memory, qwen.device())) {
                train(plan, new GeneratorTraining.Material(plan.tasks(), store, qwen, Optional.of(tokens)), bars);
            }
        }
    }

    private void train(Plan plan, GeneratorTraining.Material material, Progress bars) {
        GeneratorFlags.Chosen chosen = plan.chosen();
        Path folder = run();
        try (GeneratorTraining training = new GeneratorTraining(
                chosen.config(), chosen.layout(), chosen.initial(), material, plan.settings(), plan.options())) {
            TrainingResult result = training.run(
                    folder, plan.inputs(), progress -> bars.advanced("train", progress.step(), progress.steps()));
            double seconds = MetricsHistory.read(folder).seconds();
            double[] difference = {0};
            AtomicFile.writeFolder(
                    target,
                    inside -> {
                        EncoderFiles.copy(plan.reader(), inside);
                        difference[0] = training.export(inside.resolve("generator.onnx"));
                        calibrate(
                                plan,
                                GeneratorBundle.seal(
                                        inside,
                                        name(),
                                        chosen.config(),
                                        chosen.layout(),
                                        plan.base(),
                                        how(plan, result, seconds)));
                    },
                    replace);
            plot(folder);
            report(plan, result, difference[0], seconds);
        }
    }

    /** Statistics of the training tasks' condition texts, for the out-of-distribution score. */
    private void calibrate(Plan plan, GeneratorBundle bundle) {
        List<GeneratorTask> training = plan.tasks().train();
        if (training.size() < 2) {
            output.note("warning: no out-of-distribution score: its calibration needs two training tasks");
            return;
        }
        List<PromptSet> texts = training.stream()
                .map(task -> new PromptSet(task.name(), task.conditions()))
                .toList();
        long seed = plan.options().seed();
        OutOfDistribution statistics =
                OodCalibration.calibrate(bundle, SessionOptions.defaults(), texts, seed, output.progress());
        bundle.withOutOfDistribution(
                statistics, training.stream().map(GeneratorTask::name).toList(), seed);
    }

    private Path run() {
        return Optional.ofNullable(work).orElseGet(() -> target.resolveSibling(target.getFileName() + ".work"));
    }

    private String name() {
        return Optional.ofNullable(name).orElseGet(() -> target.getFileName().toString());
    }

    private static BundleManifest.Training how(Plan plan, TrainingResult result, double seconds) {
        List<String> names =
                plan.tasks().train().stream().map(GeneratorTask::name).toList();
        int pool = plan.selection().pool();
        String description = String.format(
                Locale.ROOT,
                "objective %s on %d tasks, conditions of %s%s, from %s",
                plan.settings().objective().label(),
                names.size(),
                plan.selection().text().label(),
                pool > 0 ? " from " + pool + " of each task" : "",
                plan.chosen().source());
        BundleManifest.Run run = new BundleManifest.Run(
                plan.settings().objective().label(),
                plan.selection().text(),
                names,
                result.steps(),
                result.bestStep(),
                seconds,
                result.bestValidationLoss());
        return new BundleManifest.Training(true, description, plan.options().seed(), Optional.of(run));
    }

    /** A picture is worth having, but not worth losing the bundle over. */
    private void plot(Path folder) {
        try {
            LossPlot.write(folder.resolve("loss.png"), name(), MetricsHistory.read(folder));
        } catch (EnvironmentException e) {
            output.note("warning: no plot: " + e.getMessage());
        }
    }

    private void describe(Plan plan) {
        TaskSet set = plan.tasks();
        output.line(
                "generator %s, %d parameters, tokens %s",
                plan.chosen().config().family(),
                plan.chosen().config().parameters(),
                plan.chosen().config().tokens());
        output.line(
                "tasks     %d to train on, %s",
                set.train().size(),
                set.setsTasksAside() ? set.validation().size() + " others validate" : "their own items validate");
    }

    private void report(Plan plan, TrainingResult result, double difference, double seconds) {
        OptionalDouble validation = result.bestValidationLoss();
        output.line(
                "loss      %.4f after %d steps, %.0f s, %.1f steps/s",
                result.loss(), result.steps(), seconds, result.steps() / seconds);
        Machine.peakResidentBytes()
                .ifPresent(bytes -> output.line("memory    %,d MB resident at most in this process", bytes >> 20));
        if (validation.isPresent()) {
            output.line("kept      validation loss %.4f after step %d", validation.getAsDouble(), result.bestStep());
        }
        output.line("parity    LibTorch and ONNX Runtime differ by %.1e of a token", difference);
        output.line("written   %s", target);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("written", target.toString());
        json.put("work", run().toString());
        json.put("family", plan.chosen().config().family());
        json.put("parameters", plan.chosen().config().parameters());
        json.put("objective", plan.settings().objective().label());
        json.put("tasks", plan.tasks().train().stream().map(GeneratorTask::name).toList());
        json.put("steps", result.steps());
        json.put("loss", result.loss());
        validation.ifPresent(loss -> json.put("validation_loss", loss));
        json.put("best_step", result.bestStep());
        json.put("stopped_early", result.stoppedEarly());
        json.put("seconds", seconds);
        json.put("steps_per_second", result.steps() / seconds);
        Machine.peakResidentBytes().ifPresent(bytes -> json.put("peak_resident_bytes", bytes));
        json.put("relative_difference", difference);
        output.result(json);
    }
}
