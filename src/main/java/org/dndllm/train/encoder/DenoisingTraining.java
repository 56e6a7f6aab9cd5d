package org.dndllm.train.encoder;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import java.util.stream.LongStream;
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
 * Trains an encoder as one half of an encoder-decoder: it reads a text with some words hidden or replaced, and the decoder
 * writes the text as it was (token masking, arXiv 1910.13461 §2.2). Nothing brings texts of a kind together, as the
 * sentence encoder's training does. One thread; the maker closes it.
 */
public final class DenoisingTraining implements TrainedEncoder, TrainingJob, AutoCloseable {
    /** PyTorch's ignore_index. */
    private static final long NO_WORD = -100;

    private final BertConfig config;
    private final SpecialIds special;
    private final LongFunction<int[]> text;
    private final int batch;
    private final TrainingOptions options;
    private final Parameters parameters;
    private final Bert bert;
    private final Decoder decoder;

    /**
     * @param config of the encoder; the decoder is as large
     * @param text endless: ids with [CLS] and [SEP] by index
     * @param batch texts in each part of a step
     */
    public DenoisingTraining(
            BertConfig config,
            SpecialIds special,
            LongFunction<int[]> text,
            int batch,
            TrainingOptions options,
            TorchDevice device) {
        this.config = config;
        this.special = special;
        this.text = text;
        this.batch = batch;
        this.options = options;
        List<Parameters.Spec> specs = new ArrayList<>(Bert.specs(config));
        specs.addAll(Decoder.specs(config));
        parameters = new Parameters(specs, device);
        specs.forEach(spec -> parameters.set(spec.name(), InitialWeights.of(spec, options.seed())));
        bert = new Bert(config, parameters);
        decoder = new Decoder(config, parameters, bert);
    }

    /** Trains to the end, from the folder's last checkpoint if there is one; see {@link TrainingRun#run}. */
    public TrainingResult run(Path folder, Consumer<TrainingProgress> listener) {
        return new TrainingRun(folder, parameters, this, options, listener).run();
    }

    @Override
    public Tensor loss(long step, int part) {
        long first = (step * options.accumulate() + part) * batch;
        long seed = Seeds.mix(options.seed(), step, part);
        List<int[]> originals =
                LongStream.range(first, first + batch).mapToObj(text).toList();
        List<int[]> noisy = new ArrayList<>(batch);
        for (int i = 0; i < batch; i++) {
            Random random = new Random(Seeds.mix(seed, i));
            noisy.add(MaskedText.of(originals.get(i), special.mask(), special.firstWord(), config.vocabulary(), random)
                    .ids());
        }
        IdBatch read = IdBatch.of(noisy, special.pad(), bert.device());
        List<int[]> written = originals.stream()
                .map(ids -> Arrays.copyOf(ids, ids.length - 1))
                .toList();
        IdBatch asked = IdBatch.of(written, special.pad(), bert.device());
        Tensor logits = decoder.logits(bert.states(read), read, asked.ids()); // [B * T, V]
        return torch.cross_entropy(logits, targets(originals, (int) asked.ids().size(1)));
    }

    /** The word behind each position, none behind padding: [B * T]. Choosing rows instead would give every step new shapes. */
    private Tensor targets(List<int[]> originals, int length) {
        long[] targets = new long[batch * length];
        Arrays.fill(targets, NO_WORD);
        for (int row = 0; row < batch; row++) {
            int[] ids = originals.get(row);
            for (int i = 1; i < ids.length; i++) {
                targets[row * length + i - 1] = ids[i];
            }
        }
        return Tensors.of(targets, bert.device(), targets.length);
    }

    @Override
    public BertConfig config() {
        return config;
    }

    @Override
    public float[] weight(String name) {
        return parameters.floats(name);
    }

    @Override
    public List<float[]> states(List<int[]> texts) {
        return bert.states(texts, special.pad());
    }

    @Override
    public void close() {
        parameters.close();
    }
}
