package org.dndllm.train.encoder;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.dndllm.encoder.BertConfig;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.train.Seeds;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.torch.Parameters;
import org.dndllm.train.torch.Tensors;
import org.dndllm.train.torch.TorchDevice;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DenoisingTrainingIT {
    private static final List<String> VOCABULARY =
            List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "pan", "pot", "cup", "fish", "boat", "wave");
    private static final BertConfig CONFIG = new BertConfig(32, 1, 4, 48, 16, 2, VOCABULARY.size(), 1e-12);

    @TempDir
    Path folder;

    /** Two to four words. */
    private static int[] text(long index) {
        Random random = new Random(Seeds.mix(index));
        int[] ids = random.ints(4 + random.nextInt(3), 5, VOCABULARY.size()).toArray();
        ids[0] = 2;
        ids[ids.length - 1] = 3;
        return ids;
    }

    @Test
    void run_someSteps_losesLessAndExportsTheSameStates() throws IOException {
        Path tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
        Files.writeString(tokenizer.resolve("vocab.txt"), String.join("\n", VOCABULARY) + "\n");
        Files.writeString(tokenizer.resolve("tokenizer_config.json"), "{\"do_lower_case\": true}");
        TrainingOptions options =
                TrainingOptions.of(60, 3e-3, 7).withSchedule(5, 0.1).withRhythm(20, 0, 0);
        List<Double> losses = new ArrayList<>();
        Path out = folder.resolve("encoder");
        try (DenoisingTraining training = new DenoisingTraining(
                CONFIG, SpecialIds.of(VOCABULARY), DenoisingTrainingIT::text, 16, options, TorchDevice.CPU)) {
            training.run(folder.resolve("run"), progress -> losses.add(progress.loss()));

            double difference =
                    EncoderExport.write(training, tokenizer, Map.of(), List.of("pan", "fish wave pan"), out);

            assertThat(difference).isBetween(0.0, EncoderExport.TOLERANCE);
        }
        assertThat(losses.getLast()).isLessThan(losses.getFirst() - 0.5);
        try (SentenceEncoder encoder = SentenceEncoder.open(out, SessionOptions.defaults())) {
            assertThat(encoder.width()).isEqualTo(32);
        }
    }

    /** A decoder that saw the word it is asked for would learn nothing; one that did not see the text neither. */
    @Test
    void logits_ofAPlace_dependOnEarlierWordsAndOnTheText() {
        List<Parameters.Spec> specs = new ArrayList<>(Bert.specs(CONFIG));
        specs.addAll(Decoder.specs(CONFIG));
        try (Parameters parameters = new Parameters(specs, TorchDevice.CPU)) {
            specs.forEach(spec -> parameters.set(spec.name(), InitialWeights.of(spec, 1)));
            Bert bert = new Bert(CONFIG, parameters);
            Decoder decoder = new Decoder(CONFIG, parameters, bert);

            float[] plain = scores(bert, decoder, new int[] {2, 5, 6, 7, 3}, new int[] {2, 5, 6, 7});
            float[] laterWord = scores(bert, decoder, new int[] {2, 5, 6, 7, 3}, new int[] {2, 5, 6, 9});
            float[] earlierWord = scores(bert, decoder, new int[] {2, 5, 6, 7, 3}, new int[] {2, 9, 6, 7});
            float[] otherText = scores(bert, decoder, new int[] {2, 5, 6, 9, 3}, new int[] {2, 5, 6, 7});

            assertThat(laterWord).containsExactly(plain);
            assertThat(earlierWord).isNotEqualTo(plain);
            assertThat(otherText).isNotEqualTo(plain);
        }
    }

    /** Of what follows the third word. */
    private static float[] scores(Bert bert, Decoder decoder, int[] read, int[] written) {
        try (PointerScope scope = new PointerScope()) {
            IdBatch reads = IdBatch.of(List.of(read), 0, TorchDevice.CPU);
            IdBatch writes = IdBatch.of(List.of(written), 0, TorchDevice.CPU);
            Tensor all = decoder.logits(bert.states(reads), reads, writes.ids()); // [T, V]
            return Tensors.floats(all.detach().narrow(0, 2, 1).contiguous());
        }
    }
}
