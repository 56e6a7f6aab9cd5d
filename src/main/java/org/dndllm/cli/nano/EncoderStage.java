package org.dndllm.cli.nano;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.encoder.EncoderTokenizer;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.nano.ContrastivePair;
import org.dndllm.nano.NanoWorld;
import org.dndllm.nano.Role;
import org.dndllm.nano.Split;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.train.TrainingResult;
import org.dndllm.train.encoder.EncoderExport;
import org.dndllm.train.encoder.EncoderText;
import org.dndllm.train.encoder.EncoderTraining;
import org.dndllm.train.encoder.SpecialIds;
import org.dndllm.train.torch.TorchDevice;

/** {@code encoder/}: the sentence encoder, pretrained and tuned on the world's text, with its ONNX graph. */
record EncoderStage(NanoWorld world, NanoRecipe.Encoder recipe, TorchDevice device) implements Stage.Work {
    static final String FOLDER = "encoder";

    /** Sentences from which centroids are made, and as many that are asked for. */
    private static final int PROBES = 1000;
    /** Far beyond the pairs that training reads. */
    private static final long UNSEEN = 1L << 40;

    @Override
    public Map<String, ?> run(Workplace workplace) {
        Path folder = workplace.folder().resolve(FOLDER);
        Path pieces = workplace.of(NanoBuild.VOCABULARY, VocabularyStage.WORD_PIECE);
        List<String> vocabulary = world.wordPieceVocabulary();
        SpecialIds special = SpecialIds.of(vocabulary);
        Map<String, Object> results = new LinkedHashMap<>();
        try (EncoderTokenizer tokenizer = EncoderTokenizer.open(pieces);
                EncoderTraining training = new EncoderTraining(
                        recipe.shape(vocabulary.size()),
                        special,
                        new WorldText(world, tokenizer),
                        recipe.batch(),
                        recipe.training(),
                        device)) {
            TrainingResult result = training.run(workplace.runs(), workplace.progress("encoder"));
            results.put("parameters", training.parameters());
            results.put("steps", result.steps());
            results.put("last_loss", result.loss());
            results.put(
                    "largest_state_difference",
                    EncoderExport.write(
                            training,
                            pieces,
                            Map.of("dnd_nano_seed", world.spec().seed()),
                            probes(),
                            folder));
        }
        results.putAll(structure(folder));
        return results;
    }

    /** The world's text as ids. */
    private record WorldText(NanoWorld world, EncoderTokenizer tokenizer) implements EncoderText {
        @Override
        public int[] sentence(long index) {
            return tokenizer.encode(world.encoderSentence(index));
        }

        @Override
        public Pair pair(long index) {
            ContrastivePair pair = world.contrastivePair(index);
            return new Pair(
                    tokenizer.encode(pair.first()),
                    tokenizer.encode(pair.second()),
                    List.of(pair.firstTopic(), pair.firstManner()),
                    List.of(pair.secondTopic(), pair.secondManner()));
        }
    }

    /** One prompt of every task. */
    private List<String> probes() {
        List<String> probes = new ArrayList<>();
        for (Role role : Role.values()) {
            world.tasks(role)
                    .forEach(task ->
                            probes.add(world.items(task, Split.TRAIN).getFirst().prompt()));
        }
        return probes;
    }

    /** Shares of unseen cue sentences whose embedding is nearest to the centroid of their own topic, or manner. */
    private Map<String, Object> structure(Path folder) {
        List<ContrastivePair> known = pairs(UNSEEN);
        List<ContrastivePair> asked = pairs(UNSEEN + PROBES);
        try (SentenceEncoder encoder = SentenceEncoder.open(folder, SessionOptions.defaults())) {
            float[][] from =
                    encoder.embed(known.stream().map(ContrastivePair::first).toList());
            float[][] to =
                    encoder.embed(asked.stream().map(ContrastivePair::first).toList());
            Map<String, Object> results = new LinkedHashMap<>();
            results.put(
                    "topic_accuracy",
                    Centroids.of(
                                    from,
                                    known.stream()
                                            .map(ContrastivePair::firstTopic)
                                            .toList())
                            .accuracy(
                                    to,
                                    asked.stream()
                                            .map(ContrastivePair::firstTopic)
                                            .toList()));
            results.put(
                    "manner_accuracy",
                    Centroids.of(
                                    from,
                                    known.stream()
                                            .map(ContrastivePair::firstManner)
                                            .toList())
                            .accuracy(
                                    to,
                                    asked.stream()
                                            .map(ContrastivePair::firstManner)
                                            .toList()));
            return results;
        }
    }

    private List<ContrastivePair> pairs(long first) {
        List<ContrastivePair> pairs = new ArrayList<>();
        for (long i = 0; i < PROBES; i++) {
            pairs.add(world.contrastivePair(first + i));
        }
        return pairs;
    }
}
