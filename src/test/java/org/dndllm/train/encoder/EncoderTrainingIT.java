package org.dndllm.train.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.dndllm.encoder.BertConfig;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.train.Seeds;
import org.dndllm.train.TrainingOptions;
import org.dndllm.train.TrainingResult;
import org.dndllm.train.torch.TorchDevice;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EncoderTrainingIT {
    private static final List<String> VOCABULARY = List.of(
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "pan", "pot", "cup", "fish", "boat", "wave", "the", "a");
    private static final BertConfig CONFIG = new BertConfig(32, 2, 4, 48, 16, 2, VOCABULARY.size(), 1e-12);
    private static final SpecialIds SPECIAL = new SpecialIds(0, 4, 5);
    private static final int GROUP = 3;

    @TempDir
    Path folder;

    private Path tokenizer;

    /** Sentences of two words from one of two topics, of different lengths; partners share the topic. */
    private static final EncoderText TEXT = new EncoderText() {
        @Override
        public int[] sentence(long index) {
            Random random = new Random(Seeds.mix(index));
            return text(random.nextInt(2), random);
        }

        @Override
        public Pair pair(long index) {
            Random random = new Random(Seeds.mix(index, 1));
            int topic = random.nextInt(2);
            return new Pair(text(topic, random), text(topic, random), List.of(topic), List.of(topic));
        }

        private int[] text(int topic, Random random) {
            int first = 5 + GROUP * topic + random.nextInt(GROUP);
            int second = 5 + GROUP * topic + random.nextInt(GROUP);
            return random.nextBoolean() ? new int[] {2, 11, first, second, 3} : new int[] {2, first, 11, 12, second, 3};
        }
    };

    @BeforeEach
    void tokenizer() throws IOException {
        tokenizer = Files.createDirectory(folder.resolve("tokenizer"));
        Files.writeString(tokenizer.resolve("vocab.txt"), String.join("\n", VOCABULARY) + "\n");
        Files.writeString(tokenizer.resolve("tokenizer_config.json"), "{\"do_lower_case\": true}");
    }

    private static EncoderTraining training(long steps) {
        TrainingOptions options =
                TrainingOptions.of(steps, 3e-3, 7).withSchedule(5, 0.1).withRhythm(10, 0, 0);
        return new EncoderTraining(CONFIG, SPECIAL, TEXT, 16, options, TorchDevice.CPU);
    }

    @Test
    void run_twoTopics_bringsEachTogetherAndExportsTheSameStates() {
        Path out = folder.resolve("encoder");
        try (EncoderTraining training = training(120)) {
            training.run(folder.resolve("run"), progress -> {});

            // when
            double difference = EncoderExport.write(
                    training, tokenizer, Map.of("mark", 1), List.of("pan", "the fish a wave", "cup pot"), out);

            // then
            assertThat(difference).isBetween(0.0, EncoderExport.TOLERANCE);
        }
        try (SentenceEncoder encoder = SentenceEncoder.open(out, SessionOptions.defaults())) {
            float[][] embeddings = encoder.embed(List.of("the pan a pot", "cup the a pan", "fish the a boat"));
            assertThat(cosine(embeddings[0], embeddings[1])).isGreaterThan(cosine(embeddings[0], embeddings[2]) + 0.3);
        }
        // the weights alone give the same encoder
        assertThat(out.resolve("model.safetensors")).exists();
        assertThat(out.resolve("config.json")).content().contains("\"mark\"");
    }

    @Test
    void write_otherTokenizer_isRefusedAndLeavesNothing() throws IOException {
        Files.writeString(tokenizer.resolve("vocab.txt"), String.join("\n", VOCABULARY) + "\nmore\n");
        try (EncoderTraining training = training(1)) {
            assertThatThrownBy(() ->
                            EncoderExport.write(training, tokenizer, Map.of(), List.of("pan"), folder.resolve("out")))
                    .hasMessageContaining("vocab_size");
        }
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void run_stoppedAndResumed_endsWithTheSameLoss() {
        double whole = run(folder.resolve("whole"), Long.MAX_VALUE);
        Path parts = folder.resolve("parts");
        assertThatThrownBy(() -> run(parts, 17)).hasMessage("stopped");

        assertThat(run(parts, Long.MAX_VALUE)).isCloseTo(whole, within(0.0));
    }

    private static double run(Path run, long stop) {
        try (EncoderTraining training = training(30)) {
            TrainingResult result = training.run(run, progress -> {
                if (progress.step() == stop) {
                    throw new IllegalStateException("stopped");
                }
            });
            return result.loss();
        }
    }

    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
