package org.dndllm.cli.nano;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.encoder.BertConfig;
import org.dndllm.lora.BaseShape;
import org.dndllm.nano.WorldSpec;
import org.dndllm.train.LoraSettings;
import org.dndllm.train.TrainingOptions;

/**
 * All sizes and settings of a nano set. Its seed is the world's, and every run derives its own from that.
 *
 * @param world the text
 * @param base the base model
 * @param encoder the sentence encoder
 * @param adapters the LoRA checkpoints
 * @param generators the generators, of each family one
 */
public record NanoRecipe(WorldSpec world, Base base, Encoder encoder, Adapters adapters, List<Generator> generators) {
    private static final double LAYER_NORM_EPS = 1e-12; // BERT's own

    public NanoRecipe {
        generators = List.copyOf(generators);
    }

    /**
     * A generator.
     *
     * @param family also the name of its stage and of its folder among the shipped files
     * @param flags of {@code dnd train}, but for files
     * @param checkpoints whether it learns from the LoRA checkpoints
     */
    public record Generator(String family, List<String> flags, boolean checkpoints) {
        public Generator {
            flags = List.copyOf(flags);
        }
    }

    /**
     * The base model.
     *
     * @param shape its vocabulary size is set by the vocabulary
     * @param ropeBase base of the rotary frequencies
     * @param context positions that the model says it can use
     * @param batch documents of a step
     * @param training of all its weights
     * @param extension a further round of training, where the model does not follow enough instructions yet
     * @param extensions most such rounds
     * @param skillSteps steps at the beginning with nothing but instructions
     * @param leastAccuracy share of instructions over unseen lists that it must follow
     * @param instructions how many of them are asked
     */
    public record Base(
            BaseShape shape,
            double ropeBase,
            int context,
            int batch,
            TrainingOptions training,
            TrainingOptions extension,
            int extensions,
            long skillSteps,
            double leastAccuracy,
            int instructions) {
        BaseShape shape(int vocabulary) {
            return new BaseShape(
                    shape.architecture(),
                    shape.layers(),
                    shape.hidden(),
                    shape.heads(),
                    shape.kvHeads(),
                    shape.headDim(),
                    shape.intermediate(),
                    vocabulary,
                    shape.tiedEmbeddings());
        }

        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("layers", shape.layers());
            json.put("hidden", shape.hidden());
            json.put("heads", shape.heads());
            json.put("kv_heads", shape.kvHeads());
            json.put("head_dim", shape.headDim());
            json.put("intermediate", shape.intermediate());
            json.put("tied", shape.tiedEmbeddings());
            json.put("rope_base", ropeBase);
            json.put("context", context);
            json.put("batch", batch);
            json.put("training", training.toJson());
            json.put("extension", extension.toJson());
            json.put("extensions", extensions);
            json.put("skill_steps", skillSteps);
            json.put("least_accuracy", leastAccuracy);
            json.put("instructions", instructions);
            return json;
        }
    }

    /**
     * The sentence encoder.
     *
     * @param shape its vocabulary size is set by the vocabulary
     * @param batch pairs, and as many sentences, of a step
     * @param training of all its weights
     */
    public record Encoder(BertConfig shape, int batch, TrainingOptions training) {
        /** The shape around a vocabulary of that many tokens. */
        public BertConfig shape(int vocabulary) {
            return new BertConfig(
                    shape.hidden(),
                    shape.layers(),
                    shape.heads(),
                    shape.intermediate(),
                    shape.maxPositions(),
                    shape.typeVocabulary(),
                    vocabulary,
                    shape.layerNormEps());
        }

        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>(shape.toJson());
            json.remove("vocab_size");
            json.put("batch", batch);
            json.put("training", training.toJson());
            return json;
        }
    }

    /**
     * The LoRA checkpoints.
     *
     * @param lora kind of adapter, the same for all
     * @param batch examples of a step
     * @param training of one adapter
     * @param seeds runs of each training task
     * @param multitaskSteps of the one adapter for all training tasks
     */
    public record Adapters(LoraSettings lora, int batch, TrainingOptions training, int seeds, long multitaskSteps) {
        /** As {@link #training()}, for the multitask adapter. */
        TrainingOptions multitask() {
            return training(multitaskSteps);
        }

        /** A whole run of another length, with the schedule stretched over it. */
        public TrainingOptions training(long steps) {
            return TrainingOptions.of(steps, training.learningRate(), training.seed())
                    .withSchedule(Math.min(training.warmup(), steps - 1), training.floor())
                    .withLimits(training.weightDecay(), training.clip())
                    .withBeta2(training.beta2())
                    .withRhythm(training.checkpointEvery(), 0, 0);
        }

        Map<String, Object> toJson() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("lora", lora.toJson());
            json.put("batch", batch);
            json.put("training", training.toJson());
            json.put("seeds", seeds);
            json.put("multitask_steps", multitaskSteps);
            return json;
        }
    }

    /** The nano set that ships. */
    public static NanoRecipe standard() {
        WorldSpec world = WorldSpec.standard();
        long seed = world.seed();
        // Vocabulary sizes here stand for themselves until the vocabularies are there.
        BaseShape base = new BaseShape(BaseShape.QWEN2, 4, 128, 4, 2, 32, 384, world.bpeTokens(), true);
        TrainingOptions pretraining = TrainingOptions.of(2200, 3e-3, seed)
                .withSchedule(100, 0.05)
                .withLimits(0.01, 1)
                .withBeta2(0.98)
                .withRhythm(100, 0, 0);
        TrainingOptions extension = TrainingOptions.of(600, 1e-3, seed)
                .withSchedule(20, 0.05)
                .withLimits(0.01, 1)
                .withBeta2(0.98)
                .withRhythm(100, 0, 0);
        BertConfig encoder = new BertConfig(64, 2, 4, 128, 64, 2, world.wordPieces(), LAYER_NORM_EPS);
        TrainingOptions tuning = TrainingOptions.of(2000, 1e-3, seed)
                .withSchedule(50, 0.05)
                .withLimits(0.01, 1)
                .withRhythm(100, 0, 0);
        TrainingOptions adapter = TrainingOptions.of(150, 5e-3, 1)
                .withSchedule(10, 0)
                .withLimits(0, 1)
                .withRhythm(50, 0, 0);
        return new NanoRecipe(
                world,
                new Base(base, 10_000, 512, 96, pretraining, extension, 3, 800, 0.97, 960),
                new Encoder(encoder, 64, tuning),
                new Adapters(LoraSettings.official(4), 32, adapter, 2, 600),
                List.of(compact(seed), paper(seed)));
    }

    /** End to end through the frozen base: no checkpoints. One prompt has at most 18 word pieces. */
    private static Generator compact(long seed) {
        String flags = "--family compact --objective task --rank 4 --alpha 8 --chunk 32 --prompts 64 --length 20"
                + " --slots 16 --width 64 --stages 64,4,32:128,4,32 --kernel 3 --steps 1200 --learning-rate 3e-3"
                + " --warmup 50 --weight-decay 0.01 --beta2 0.99 --clip 1 --tasks-per-step 8 --items-per-task 16"
                + " --validate-every 100 --seed " + seed;
        return new Generator("compact", List.of(flags.split(" ")), false);
    }

    /** The official decoder and objective in the small: weight tokens of the checkpoints, nothing of the task itself. */
    private static Generator paper(long seed) {
        String flags = "--family paper --objective recon --rank 4 --alpha 8 --chunk 32 --prompts 64 --length 20"
                + " --stages 64,16,48:128,10,40 --kernel 5 --steps 1500 --learning-rate 1e-3 --warmup 50"
                + " --weight-decay 0.1 --beta2 0.99 --clip 1 --tasks-per-step 8 --validate-every 0 --seed " + seed;
        return new Generator("paper", List.of(flags.split(" ")), true);
    }
}
