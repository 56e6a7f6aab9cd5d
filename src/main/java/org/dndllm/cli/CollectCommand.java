package org.dndllm.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.dndllm.engine.Progress;
import org.dndllm.format.DType;
import org.dndllm.format.GgufFile;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.train.BaseWeights;
import org.dndllm.train.Qwen2;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.collect.CollectSettings;
import org.dndllm.train.collect.LoraCollection;
import org.dndllm.train.collect.Recipe;
import org.dndllm.train.collect.TaskData;
import org.dndllm.train.torch.TorchDevice;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dnd collect}. */
@Command(
        name = "collect",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        header = "Train LoRA checkpoints of tasks: what a generator learns to reproduce.",
        description = {
            "TASKS is a folder with NAME_train.json (official format: a list of prompt, response, system), optionally"
                    + " NAME_validation.json and NAME_test.json; the test file is only read to refuse items that are"
                    + " also in it. Writes OUT/NAME/seed-N (recipe seeds) or OUT/NAME/step-N (recipe official), each a"
                    + " PEFT folder with dnd.json, and OUT/NAME/runs with the metrics.",
            "Every task is a job of its own: run it again to resume after a kill, finished checkpoints are skipped.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd collect tasks --save-to checkpoints -m base.gguf --seeds 8 --steps 200 --learning-rate 1e-3",
            "  dnd collect commonsense --save-to ckpts -m qwen2.5-0.5b-f16.gguf --recipe official --steps 75 \\",
            "      --snapshots 50 --second-rate 1e-5 --batch 8 --accumulate 4",
            "  dnd collect tasks --save-to checkpoints --tasks first-next,second-word --shard 1/2 --json",
        })
final class CollectCommand implements Callable<Integer> {
    @Mixin
    private final Output output = new Output();

    @Mixin
    private final TorchFlags torch = new TorchFlags();

    @Mixin
    private final LoraFlags lora = new LoraFlags();

    @Parameters(paramLabel = "TASKS", description = "Folder with *_train.json.")
    private Path tasks = Path.of("");

    @Option(names = "--save-to", paramLabel = "OUT", required = true, description = "Folder for the checkpoints.")
    private Path target = Path.of("");

    @Option(
            names = {"-m", "--model"},
            paramLabel = "GGUF",
            description = "Base model (F32, F16, BF16, Q8_0). Default: the embedded nano base.")
    private @Nullable Path model;

    @Option(names = "--tasks", paramLabel = "NAME", split = ",", description = "Only these tasks.")
    private List<String> only = List.of();

    @Option(
            names = "--shard",
            paramLabel = "I/N",
            description = "Only the I-th of N parts of the tasks, so that several machines can share them.")
    private @Nullable String shard;

    @Option(
            names = "--recipe",
            paramLabel = "R",
            defaultValue = "seeds",
            description = "seeds: independent runs from one initial A. official: one run, then dense snapshots."
                    + " Default: ${DEFAULT-VALUE}.")
    private String recipe = "seeds";

    @Option(
            names = "--seeds",
            paramLabel = "N",
            defaultValue = "8",
            description = "Runs for each task, recipe seeds. Default: ${DEFAULT-VALUE}.")
    private int seeds;

    @Option(
            names = "--snapshots",
            paramLabel = "N",
            defaultValue = "50",
            description = "Snapshots for each task, recipe official. Default: ${DEFAULT-VALUE}.")
    private int snapshots;

    @Option(
            names = "--every",
            paramLabel = "N",
            defaultValue = "1",
            description = "Steps between snapshots. Default: ${DEFAULT-VALUE}.")
    private int every;

    @Option(
            names = "--second-rate",
            paramLabel = "LR",
            defaultValue = "1e-5",
            description = "Learning rate while snapshots are taken. Default: ${DEFAULT-VALUE}.")
    private double secondRate;

    @Option(
            names = "--dropout",
            paramLabel = "P",
            defaultValue = "0",
            description = "Share of the adapter's inputs zeroed in training. Default: ${DEFAULT-VALUE}.")
    private double dropout;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "75",
            description = "Optimiser steps, before snapshots begin. Default: ${DEFAULT-VALUE}.")
    private int steps;

    @Option(
            names = "--learning-rate",
            paramLabel = "LR",
            defaultValue = "1e-4",
            description = "Highest learning rate. Default: ${DEFAULT-VALUE}.")
    private double learningRate;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            defaultValue = "5",
            description = "Steps of warm-up; a cosine follows. Default: ${DEFAULT-VALUE}.")
    private int warmup;

    @Option(
            names = "--weight-decay",
            paramLabel = "W",
            defaultValue = "0",
            description = "Decoupled weight decay. Default: ${DEFAULT-VALUE}.")
    private double weightDecay;

    @Option(
            names = "--clip",
            paramLabel = "C",
            defaultValue = "1",
            description = "Largest norm of all gradients, 0 for no limit. Default: ${DEFAULT-VALUE}.")
    private double clip;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "8",
            description = "Examples at a time. Default: ${DEFAULT-VALUE}.")
    private int batch;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            defaultValue = "1",
            description = "Batches for each step. Default: ${DEFAULT-VALUE}.")
    private int accumulate;

    @Option(
            names = "--validation",
            paramLabel = "SHARE",
            defaultValue = "0",
            description = "Share of the training items that validates where a task has no validation file; the best"
                    + " validated weights are kept (recipe seeds). Default: ${DEFAULT-VALUE}.")
    private double validationShare;

    @Option(
            names = "--validate-every",
            paramLabel = "N",
            defaultValue = "0",
            description = "Steps between validations, 0 for none. Default: ${DEFAULT-VALUE}.")
    private int validateEvery;

    @Option(
            names = "--patience",
            paramLabel = "N",
            defaultValue = "0",
            description = "Validations without a better loss that end a run, 0 for never. Default: ${DEFAULT-VALUE}.")
    private int patience;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            defaultValue = "1024",
            description = "Longer examples are left out. Default: ${DEFAULT-VALUE}.")
    private int maxTokens;

    @Option(
            names = "--checkpoint-every",
            paramLabel = "N",
            defaultValue = "50",
            description = "Steps between the points from which a killed run goes on. Default: ${DEFAULT-VALUE}.")
    private int checkpointEvery;

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            defaultValue = "f32",
            description = "Stored type: f32, f16, bf16. Default: ${DEFAULT-VALUE}.")
    private String type = "f32";

    @Option(
            names = {"-s", "--seed"},
            defaultValue = "1",
            description = "Seed of the (first) run. Default: ${DEFAULT-VALUE}.")
    private long seed;

    @Option(
            names = "--init-seed",
            defaultValue = "1",
            description = "Seed of the initial A of all runs. Default: ${DEFAULT-VALUE}.")
    private long initSeed;

    @Override
    public Integer call() {
        TorchDevice device = torch.device();
        CollectSettings settings = settings();
        List<TaskData> chosen = chosen(TaskData.in(tasks));
        Path base =
                Optional.ofNullable(model).orElseGet(() -> NanoSet.embedded().base());
        Progress bars = output.progress();
        List<LoraCollection.Outcome> outcomes = new ArrayList<>();
        try (LlamaModel text = LlamaModel.open(base, ModelOptions.CPU);
                BaseWeights weights = BaseWeights.load(base, device);
                Qwen2 qwen = Qwen2.of(weights, device)) {
            ChatTokenizer tokenizer = new ChatTokenizer(text.vocabulary());
            Map<String, String> identity = Map.of("sha256", GgufFile.sha256(base));
            LoraCollection collection = new LoraCollection(qwen, identity, tokenizer::example, settings, target);
            for (TaskData task : chosen) {
                LoraCollection.Outcome outcome = collection.collect(
                        task, (run, progress) -> bars.advanced(run, progress.step(), progress.steps()));
                report(outcome);
                outcomes.add(outcome);
            }
        }
        output.result(Map.of(
                "written",
                target.toString(),
                "tasks",
                outcomes.stream().map(CollectCommand::json).toList()));
        return 0;
    }

    private CollectSettings settings() {
        Flags.atLeast("--seeds", seeds, 1);
        Flags.atLeast("--snapshots", snapshots, 1);
        Flags.atLeast("--every", every, 1);
        Flags.atLeast("--steps", steps, 1);
        Flags.atLeast("--warmup", warmup, 0);
        Flags.atLeast("--batch", batch, 1);
        Flags.atLeast("--accumulate", accumulate, 1);
        Flags.atLeast("--max-tokens", maxTokens, 2);
        Flags.atLeast("--checkpoint-every", checkpointEvery, 1);
        Flags.atLeast("--validate-every", validateEvery, 0);
        Flags.atLeast("--patience", patience, 0);
        Flags.range("--learning-rate", learningRate, Double.MIN_VALUE, 1);
        Flags.range("--second-rate", secondRate, 0, 1);
        Flags.range("--weight-decay", weightDecay, 0, 100);
        Flags.range("--clip", clip, 0, Double.MAX_VALUE);
        Flags.range("--validation", validationShare, 0, 0.9);
        Recipe chosen = chosenRecipe();
        if (chosen instanceof Recipe.DenseSnapshots && patience > 0) {
            throw Flags.wrong(
                    "--patience", "would end a run before its snapshots; leave it out with --recipe official");
        }
        long tail = chosen instanceof Recipe.DenseSnapshots dense ? dense.tail() : 0;
        TrainingOptions options = TrainingOptions.of(steps + tail, learningRate, seed)
                .withSchedule(Math.min(warmup, steps - 1), 0)
                .withTail(tail, tail > 0 ? secondRate : 0)
                .withLimits(weightDecay, clip)
                .withCompute(accumulate, torch.bfloat16())
                .withRhythm(checkpointEvery, validateEvery, patience);
        return new CollectSettings(
                chosen,
                lora.settings(dropout),
                initSeed,
                batch,
                options,
                validationShare,
                maxTokens,
                DType.valueOf(Flags.floatType("--type", type).name()));
    }

    private Recipe chosenRecipe() {
        return switch (recipe.toLowerCase(Locale.ROOT)) {
            case "seeds" -> new Recipe.IndependentSeeds(seeds, seed);
            case "official" -> new Recipe.DenseSnapshots(snapshots, every, seed);
            default -> throw Flags.wrong("--recipe", "is '" + recipe + "', expected one of [seeds, official]");
        };
    }

    private List<TaskData> chosen(List<TaskData> all) {
        List<String> names = all.stream().map(TaskData::name).toList();
        for (String name : only) {
            if (!names.contains(name)) {
                throw Flags.wrong("--tasks", "'" + name + "' is not one of " + names);
            }
        }
        List<TaskData> wanted = all.stream()
                .filter(task -> only.isEmpty() || only.contains(task.name()))
                .toList();
        if (shard == null) {
            return wanted;
        }
        String[] parts = shard.split("/", -1);
        if (parts.length != 2 || !parts[0].matches("[1-9]\\d{0,5}") || !parts[1].matches("[1-9]\\d{0,5}")) {
            throw Flags.wrong("--shard", "is '" + shard + "', expected I/N such as 1/4");
        }
        int part = Integer.parseInt(parts[0]);
        int of = Integer.parseInt(parts[1]);
        if (part > of) {
            throw Flags.wrong("--shard", "is '" + shard + "': there is no part " + part + " of " + of);
        }
        List<TaskData> mine = new ArrayList<>();
        for (int i = part - 1; i < wanted.size(); i += of) {
            mine.add(wanted.get(i));
        }
        return mine;
    }

    private void report(LoraCollection.Outcome outcome) {
        String loss = outcome.losses().isEmpty()
                ? ""
                : String.format(
                        Locale.ROOT,
                        ", last loss %.4f",
                        outcome.losses().values().stream()
                                .mapToDouble(Double::doubleValue)
                                .average()
                                .orElseThrow());
        output.line(
                "%-20s %d checkpoints written, %d were there%s",
                outcome.task(), outcome.written().size(), outcome.skipped(), loss);
        if (outcome.leftOut() > 0) {
            output.note("%s: %d items are longer than %d tokens", outcome.task(), outcome.leftOut(), maxTokens);
        }
    }

    private static Map<String, Object> json(LoraCollection.Outcome outcome) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("task", outcome.task());
        json.put("items", outcome.items());
        json.put("left_out", outcome.leftOut());
        json.put("written", outcome.written().stream().map(Path::toString).toList());
        json.put("skipped", outcome.skipped());
        json.put("losses", outcome.losses());
        json.put("validation_losses", outcome.validationLosses());
        return json;
    }
}
