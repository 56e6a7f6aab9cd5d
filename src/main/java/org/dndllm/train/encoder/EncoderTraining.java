package org.dndllm.train.encoder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.dndllm.encoder.BertConfig;
import org.dndllm.train.Seeds;
import org.dndllm.train.TrainingJob;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.TrainingProgress;
import org.dndllm.train.TrainingResult;
import org.dndllm.train.TrainingRun;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;

/**
 * Trains an encoder from nothing on two losses at once: naming hidden words, and finding a text's partner among the others
 * of a batch by the cosine of their embeddings. One thread; the maker closes it.
 */
public final class EncoderTraining implements TrainedEncoder, TrainingJob, AutoCloseable {
    private static final double TEMPERATURE = 0.1;
    /** Added to the score of a text that might as well be the partner: it counts neither for nor against. */
    private static final float LEFT_OUT = -1e9f;

    private static final String HEAD = "cls.predictions.transform.dense";
    private static final String HEAD_NORM = "cls.predictions.transform.LayerNorm";
    private static final String HEAD_BIAS = "cls.predictions.bias";

    private final BertConfig config;
    private final SpecialIds special;
    private final EncoderText text;
    private final int batch;
    private final TrainingOptions options;
    private final Parameters parameters;
    private final Bert bert;

    /** @param batch pairs, and as many sentences, in each part of a step */
    public EncoderTraining(
            BertConfig config,
            SpecialIds special,
            EncoderText text,
            int batch,
            TrainingOptions options,
            TorchDevice device) {
        this.config = config;
        this.special = special;
        this.text = text;
        this.batch = batch;
        this.options = options;
        List<Parameters.Spec> specs = new ArrayList<>(Bert.specs(config));
        specs.add(Parameters.Spec.of(HEAD + ".weight", true, config.hidden(), config.hidden()));
        specs.add(Parameters.Spec.of(HEAD + ".bias", false, config.hidden()));
        specs.add(Parameters.Spec.of(HEAD_NORM + ".weight", false, config.hidden()));
        specs.add(Parameters.Spec.of(HEAD_NORM + ".bias", false, config.hidden()));
        specs.add(Parameters.Spec.of(HEAD_BIAS, false, config.vocabulary()));
        parameters = new Parameters(specs, device);
        specs.forEach(spec -> parameters.set(spec.name(), InitialWeights.of(spec, options.seed())));
        bert = new Bert(config, parameters);
    }

    /** Trains to the end, from the folder's last checkpoint if there is one; see {@link TrainingRun#run}. */
    public TrainingResult run(Path folder, Consumer<TrainingProgress> listener) {
        return new TrainingRun(folder, parameters, this, options, listener).run();
    }

    @Override
    public Tensor loss(long step, int part) {
        long first = (step * options.accumulate() + part) * batch;
        return maskedLoss(first, Seeds.mix(options.seed(), step, part)).add(contrastiveLoss(first));
    }

    private Tensor maskedLoss(long first, long seed) {
        List<MaskedText> texts = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            Random random = new Random(Seeds.mix(seed, i));
            texts.add(MaskedText.of(
                    text.sentence(first + i), special.mask(), special.firstWord(), config.vocabulary(), random));
        }
        IdBatch made = IdBatch.of(texts.stream().map(MaskedText::ids).toList(), special.pad(), bert.device());
        long length = made.ids().size(1);
        long[] places = IntStream.range(0, batch)
                .boxed()
                .flatMapToLong(row -> Arrays.stream(texts.get(row).places()).mapToLong(place -> row * length + place))
                .toArray();
        long[] targets = texts.stream()
                .flatMapToLong(one -> Arrays.stream(one.targets()).asLongStream())
                .toArray();
        Tensor flat = bert.states(made).reshape(-1, config.hidden());
        Tensor chosen = flat.index_select(0, Tensors.of(places, bert.device(), places.length)); // [M, C]
        Tensor turned = bert.norm(HEAD_NORM, torch.gelu(bert.dense(HEAD, chosen)));
        Tensor logits = torch.linear(turned, parameters.get(Bert.WORDS), parameters.get(HEAD_BIAS)); // [M, V]
        return torch.cross_entropy(logits, Tensors.of(targets, bert.device(), targets.length));
    }

    /** InfoNCE in both directions. */
    private Tensor contrastiveLoss(long first) {
        List<EncoderText.Pair> pairs = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            pairs.add(text.pair(first + i));
        }
        Tensor a = embeddings(pairs.stream().map(EncoderText.Pair::first).toList()); // [B, C]
        Tensor b = embeddings(pairs.stream().map(EncoderText.Pair::second).toList());
        Tensor scores = torch.matmul(a, b.t()).div(new Scalar(TEMPERATURE)).add(leftOut(pairs)); // [B, B]
        Tensor own = Tensors.of(LongStream.range(0, batch).toArray(), bert.device(), batch);
        return torch.cross_entropy(scores, own)
                .add(torch.cross_entropy(scores.t(), own))
                .div(new Scalar(2.0));
    }

    /** [B, B]: leaves out every text that shares as many groups with the row's as its partner does. */
    private Tensor leftOut(List<EncoderText.Pair> pairs) {
        float[] left = new float[batch * batch];
        for (int i = 0; i < batch; i++) {
            int own = pairs.get(i).shared(pairs.get(i));
            for (int j = 0; j < batch; j++) {
                boolean rival = i != j && pairs.get(i).shared(pairs.get(j)) >= own;
                left[i * batch + j] = rival ? LEFT_OUT : 0;
            }
        }
        return Tensors.of(left, bert.device(), batch, batch);
    }

    private Tensor embeddings(List<int[]> texts) {
        IdBatch made = IdBatch.of(texts, special.pad(), bert.device());
        return Bert.embeddings(bert.states(made), made);
    }

    @Override
    public List<float[]> states(List<int[]> texts) {
        return bert.states(texts, special.pad());
    }

    @Override
    public BertConfig config() {
        return config;
    }

    /** How many numbers are trained, those of the head for hidden words included. */
    public long parameters() {
        return parameters.count();
    }

    @Override
    public float[] weight(String name) {
        return parameters.floats(name);
    }

    @Override
    public void close() {
        parameters.close();
    }
}
