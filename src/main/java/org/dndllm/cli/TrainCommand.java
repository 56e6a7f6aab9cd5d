package org.dndllm.cli;

import java.io.IOException;
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
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.Progress;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.GgufFile;
import org.dndllm.format.Sha256;
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

    /** What there is after a run. */
    private record Trained(TrainingResult result, double parity, double seconds, BundleManifest manifest) {}

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
        Progress bars = output.progress();
        try (LlamaModel text = LlamaModel.open(base, ModelOptions.CPU);
                BaseWeights weights = BaseWeights.load(base, device);
                Qwen2 qwen = Qwen2.of(weights, device);
                SentenceEncoder sentences = SentenceEncoder.open(reader, SessionOptions.defaults())) {
            GeneratorFlags.Chosen chosen = generator.choose(
                    from, qwen.config().shape(), sentences.width(), options.seed());
            ChatTokenizer tokenizer = new ChatTokenizer(text.vocabulary());
            TaskSet.Selection selection = objective.selection(chosen.config().prompts(), options.seed());
            TaskSet set = TaskSet.read(tasks, selection, tokenizer::example);
            describe(chosen, set);
            try (ConditionStore store = new ConditionStore(
                            sentences,
                            set.all(),
                            chosen.config().textLength(),
                            objective.memoryBytes(),
                            device,
                            (done, total) -> bars.advanced("encode prompts", done, total));
                    Closing<CheckpointTokens> tokens = new Closing<>(checkpoints.map(folder -> CheckpointTokens.read(
                            folder, set, chosen.layout(), objective.memoryBytes(), device)));
                    GeneratorTraining training = new GeneratorTraining(
                            chosen.config(),
                            chosen.layout(),
                            chosen.initial(),
                            new GeneratorTraining.Material(set, store, qwen, tokens.value()),
                            settings,
                            options)) {
                if (!store.inMemory()) {
                    output.note("warning: the encoded prompts would take more than --memory; every step encodes anew");
                }
                BundleManifest.Base identity = base(base);
                Map<String, Object> inputs = new LinkedHashMap<>(selection.toJson());
                inputs.put("base", identity.sha256());
                inputs.put("encoder", GeneratorFiles.encoderHash(reader));
                inputs.put("initial", chosen.source());
                TrainingResult result = training.run(
                        run(), inputs, progress -> bars.advanced("train", progress.step(), progress.steps()));
                double seconds = MetricsHistory.read(run()).seconds();
                BundleManifest.Training how = new BundleManifest.Training(
                        true,
                        description(settings, chosen, set),
                        options.seed(),
                        Optional.of(new BundleManifest.Run(
                                settings.objective().label(),
                                selection.text().label(),
                                set.train().stream().map(GeneratorTask::name).toList(),
                                result.steps(),
                                result.bestStep(),
                                seconds,
                                result.bestValidationLoss())));
                double[] parity = {0};
                AtomicFile.writeFolder(
                        target,
                        inside -> {
                            GeneratorFiles.copyEncoder(reader, inside);
                            parity[0] = training.export(inside.resolve("generator.onnx"));
                            GeneratorBundle.seal(inside, name(), chosen.config(), chosen.layout(), identity, how);
                        },
                        replace);
                report(chosen, set, settings, result, parity[0], seconds);
            }
        }
        return 0;
    }
}
