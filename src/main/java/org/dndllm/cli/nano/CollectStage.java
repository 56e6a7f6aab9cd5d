package org.dndllm.cli.nano;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.dndllm.cli.ChatTokenizer;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.DType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.JsonWriter;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;
import org.dndllm.nano.Split;
import org.dndllm.nano.Turn;
import org.dndllm.nano.WorldTask;
import org.dndllm.train.BaseWeights;
import org.dndllm.train.ExactMatch;
import org.dndllm.train.Example;
import org.dndllm.train.LoraParameters;
import org.dndllm.train.Qwen2;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.TrainingProgress;
import org.dndllm.train.collect.CollectSettings;
import org.dndllm.train.collect.LoraCollection;
import org.dndllm.train.collect.Recipe;
import org.dndllm.train.collect.TaskData;
import org.dndllm.train.torch.TorchDevice;

/**
 * {@code adapters/TASK/seed-N}: LoRA checkpoints from one initial A. Training tasks have several seeds each, for generators
 * to learn from; validation and held-out tasks have one on their own labels, and {@code multitask} is one adapter for all
 * training tasks, both as controls.
 */
record CollectStage(NanoWorld world, NanoRecipe.Adapters recipe, TorchDevice device) implements Stage.Work {
    static final String ADAPTERS = "adapters";
    static final String MULTITASK = "multitask";

    private static final int MAX_TOKENS = 512;
    private static final int EVALUATION_BATCH = 64;

    @Override
    public Map<String, ?> run(Workplace workplace) throws IOException {
        Path base = workplace.of(NanoBuild.BASE, BaseStage.FILE);
        try (LlamaModel text = LlamaModel.open(base, ModelOptions.CPU);
                BaseWeights weights = BaseWeights.load(base, device);
                Qwen2 model = Qwen2.of(weights, device)) {
            return new Collection(workplace, base, new ChatTokenizer(text.vocabulary()), model).run();
        }
    }

    /** One call of the stage. */
    private final class Collection {
        private final Workplace workplace;
        private final Path base;
        private final ChatTokenizer chat;
        private final Qwen2 model;
        private final Path adapters;

        Collection(Workplace workplace, Path base, ChatTokenizer chat, Qwen2 model) {
            this.workplace = workplace;
            this.base = base;
            this.chat = chat;
            this.model = model;
            adapters = workplace.folder().resolve(ADAPTERS);
        }

        Map<String, Object> run() throws IOException {
            Map<String, Object> results = new LinkedHashMap<>();
            results.put("train", mean(collect(Role.TRAIN, recipe.seeds())));
            List<Double> own = new ArrayList<>(collect(Role.VALIDATION, 1));
            own.addAll(collect(Role.HELD_OUT, 1));
            results.put("own_labels", mean(own));
            collect(multitaskData(), recipe.multitask(), 1);
            Path multitask = adapters.resolve(MULTITASK).resolve(seed(0));
            for (Role role : List.of(Role.TRAIN, Role.HELD_OUT)) {
                List<Double> shares = new ArrayList<>();
                for (WorldTask task : world.tasks(role)) {
                    shares.add(accuracy(multitask, task));
                }
                results.put("multitask_on_" + role.label(), mean(shares));
            }
            return Map.of("mean_accuracy_on_validation_items", results);
        }

        /** Accuracy of each adapter. */
        private List<Double> collect(Role role, int seeds) {
            List<WorldTask> tasks = world.tasks(role);
            List<Double> shares = new ArrayList<>();
            for (int i = 0; i < tasks.size(); i++) {
                WorldTask task = tasks.get(i);
                collect(data(task), recipe.training(), seeds);
                for (int run = 0; run < seeds; run++) {
                    shares.add(accuracy(adapters.resolve(task.name()).resolve(seed(run)), task));
                }
                workplace.say(
                        "%s tasks: %d of %d, %s has accuracy %.3f",
                        role.label(), i + 1, tasks.size(), task.name(), shares.getLast());
            }
            return shares;
        }

        private void collect(TaskData data, TrainingOptions training, int seeds) {
            CollectSettings settings = new CollectSettings(
                    new Recipe.IndependentSeeds(seeds, training.seed()),
                    recipe.lora(),
                    world.spec().seed(),
                    recipe.batch(),
                    training,
                    0,
                    MAX_TOKENS,
                    DType.F32);
            Map<String, String> identity = Map.of("sha256", GgufFile.sha256(base));
            Consumer<TrainingProgress> progress = workplace.progress(data.name());
            new LoraCollection(model, identity, chat::example, settings, adapters)
                    .collect(data, (run, at) -> progress.accept(at));
        }

        private String seed(int run) {
            return "seed-" + (recipe.training().seed() + run);
        }

        private TaskData data(WorldTask task) {
            Path tasks = workplace.of(NanoBuild.WORLD, WorldStage.TASKS);
            return new TaskData(
                    task.name(),
                    tasks.resolve(task.name() + "_train.json"),
                    Optional.of(tasks.resolve(task.name() + "_validation.json")),
                    Optional.of(tasks.resolve(task.name() + "_test.json")));
        }

        /** The items of all training tasks, one task after another: the run shuffles them. */
        private TaskData multitaskData() throws IOException {
            Path file = workplace.folder().resolve(MULTITASK + "_train.json");
            List<String> items = new ArrayList<>();
            for (WorldTask task : world.tasks(Role.TRAIN)) {
                for (Turn item : world.items(task, Split.TRAIN)) {
                    Map<String, Object> entry = new LinkedHashMap<>();
                    entry.put("prompt", item.prompt());
                    entry.put("response", item.response());
                    entry.put("system", "");
                    items.add(JsonWriter.compact(entry));
                }
            }
            AtomicFile.writeString(file, "[\n" + String.join(",\n", items) + "\n]\n");
            return new TaskData(MULTITASK, file, Optional.empty(), Optional.empty());
        }

        /** On the task's validation items; test items are for the evaluation alone. */
        private double accuracy(Path adapter, WorldTask task) {
            List<Example> examples = world.items(task, Split.VALIDATION).stream()
                    .map(item -> chat.conversation(List.of(item)))
                    .toList();
            try (LoraParameters lora =
                    LoraParameters.of(PeftAdapter.read(adapter, model.config().shape()), 0, device)) {
                return ExactMatch.share(model, lora.tensors(), examples, EVALUATION_BATCH);
            }
        }
    }

    private static double mean(List<Double> numbers) {
        return numbers.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }
}
