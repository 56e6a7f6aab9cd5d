package org.dndllm.cli.nano;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.dndllm.InvalidInputException;
import org.dndllm.cli.ChatTokenizer;
import org.dndllm.format.GgmlType;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.lora.BaseGguf;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;
import org.dndllm.nano.Split;
import org.dndllm.nano.Turn;
import org.dndllm.nano.WorldTask;
import org.dndllm.synth.SyntheticVocabulary;
import org.dndllm.train.AdapterTensors;
import org.dndllm.train.BasePretraining;
import org.dndllm.train.BaseWeights;
import org.dndllm.train.ExactMatch;
import org.dndllm.train.Example;
import org.dndllm.train.Qwen2;
import org.dndllm.train.Qwen2Config;
import org.dndllm.train.TrainingResult;
import org.dndllm.train.torch.TorchDevice;

/** {@code base.gguf}: the base model, pretrained on the world's documents in their chat frame. */
record BaseStage(NanoWorld world, NanoRecipe.Base recipe, TorchDevice device) implements Stage.Work {
    static final String FILE = "base.gguf";
    static final String NAME = "dnd-nano-base";

    private static final String INSTRUCTED = "instruction_accuracy";
    private static final int EVALUATION_BATCH = 64;

    @Override
    public Map<String, ?> run(Workplace workplace) {
        Path file = workplace.folder().resolve(FILE);
        SyntheticVocabulary vocabulary = world.bpeVocabulary();
        Qwen2Config config = new Qwen2Config(recipe.shape(vocabulary.size()), recipe.ropeBase(), BaseGguf.RMS_EPSILON);
        Path tokenizer = workplace.of(NanoBuild.VOCABULARY, VocabularyStage.TOKENIZER);
        try (LlamaModel text = LlamaModel.open(tokenizer, ModelOptions.CPU)) {
            ChatTokenizer chat = new ChatTokenizer(text.vocabulary());
            BasePretraining.ExampleStream stream =
                    (seed, step, index) -> chat.conversation(document(step, step * recipe.batch() + index));
            try (BasePretraining training =
                    new BasePretraining(config, stream, List.of(), recipe.batch(), recipe.training(), device)) {
                return train(training, vocabulary, chat, workplace, file);
            }
        }
    }

    /**
     * Trains, and goes on until the instructions are followed: other processors add numbers up in another order, and the
     * same seed then gives another model, a little better or worse.
     */
    private Map<String, Object> train(
            BasePretraining training,
            SyntheticVocabulary vocabulary,
            ChatTokenizer chat,
            Workplace workplace,
            Path file) {
        TrainingResult result = training.run(workplace.runs(), workplace.progress("pretraining"));
        long steps = result.steps();
        write(training, vocabulary, file);
        Map<String, Object> measured = evaluate(chat, file);
        for (int round = 1; !isSkilled(measured) && round <= recipe.extensions(); round++) {
            workplace.say(
                    "follows %.3f of the instructions, expected %.3f: %d steps more",
                    instructed(measured),
                    recipe.leastAccuracy(),
                    recipe.extension().steps());
            result = training.goOn(
                    workplace.runs().resolve("more-" + round),
                    steps,
                    recipe.extension(),
                    workplace.progress("pretraining, round " + (round + 1)));
            steps += result.steps();
            write(training, vocabulary, file);
            measured = evaluate(chat, file);
        }
        if (!isSkilled(measured)) {
            throw new InvalidInputException(
                    file.toString(),
                    "instruction accuracy",
                    "is " + instructed(measured) + ", expected at least " + recipe.leastAccuracy()
                            + "; adapters cannot bring out skills that are not there. Train longer");
        }
        Map<String, Object> results = new LinkedHashMap<>();
        results.put("parameters", training.parameters());
        results.put("steps", steps);
        results.put("last_loss", result.loss());
        results.putAll(measured);
        return results;
    }

    private boolean isSkilled(Map<String, Object> measured) {
        return instructed(measured) >= recipe.leastAccuracy();
    }

    private static double instructed(Map<String, Object> measured) {
        return (double) Objects.requireNonNull(measured.get(INSTRUCTED));
    }

    private void write(BasePretraining training, SyntheticVocabulary vocabulary, Path file) {
        training.write(
                file,
                NAME,
                "Pretrained on the text of a small world of letter tasks; see docs/nano.md.",
                GgmlType.F16,
                recipe.context(),
                writer -> writer.putUint64("dnd.nano.seed", world.spec().seed()),
                vocabulary::putInto);
    }

    private List<Turn> document(long step, long index) {
        return step < recipe.skillSteps() ? List.of(world.instruction(index)) : world.baseDocument(index);
    }

    /** Of the file as it is used: rounded to float16. Instructions and prompts over test lists. */
    private Map<String, Object> evaluate(ChatTokenizer chat, Path file) {
        try (BaseWeights weights = BaseWeights.load(file, device);
                Qwen2 model = Qwen2.of(weights, device)) {
            double instructed = share(chat, model, world.instructions(Split.TEST, recipe.instructions()));
            Map<String, Object> results = new LinkedHashMap<>();
            results.put(INSTRUCTED, instructed);
            for (Role role : List.of(Role.TRAIN, Role.HELD_OUT)) {
                double sum = 0;
                for (WorldTask task : world.tasks(role)) {
                    sum += share(chat, model, world.items(task, Split.TEST));
                }
                results.put(
                        role.label() + "_prompt_accuracy",
                        sum / world.tasks(role).size());
            }
            return results;
        }
    }

    private static double share(ChatTokenizer chat, Qwen2 model, List<Turn> items) {
        List<Example> examples =
                items.stream().map(item -> chat.conversation(List.of(item))).toList();
        return ExactMatch.share(model, AdapterTensors.NONE, examples, EVALUATION_BATCH);
    }
}
