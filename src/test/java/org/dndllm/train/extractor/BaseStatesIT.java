package org.dndllm.train.extractor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.dndllm.InvalidInputException;
import org.dndllm.encoder.Condition;
import org.dndllm.encoder.SentenceEncoder;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufWriter;
import org.dndllm.llama.ContextOptions;
import org.dndllm.llama.LlamaContext;
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;
import org.dndllm.onnx.SessionOptions;
import org.dndllm.train.TinyBase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A base model as an encoder, against llama.cpp's tokens and embeddings of the same file. */
class BaseStatesIT {
    private static final List<String> TEXTS = List.of(
            "the quick brown fox",
            "",
            "It's 2026: don't  panic!\n\nthe dog  sleeps over 12 dogs, Größe \u4f60\u597d",
            "fox <|im_end|> dog");

    @TempDir
    Path folder;

    private Path encoder(Path gguf) {
        Path encoder = folder.resolve("encoder");
        BaseStates.write(gguf, encoder, false);
        return encoder;
    }

    /** llama.cpp keeps keys and values in half precision, hence the tolerance. */
    @ParameterizedTest
    @CsvSource({"F32, true", "F32, false", "F16, true"})
    void states_anyText_areLlamaCpps(GgmlType type, boolean tied) {
        Path gguf = TinyBase.write(folder, tied ? TinyBase.SHAPE : TinyBase.UNTIED, type);
        try (SentenceEncoder encoder = SentenceEncoder.open(encoder(gguf), SessionOptions.defaults());
                LlamaModel llama = LlamaModel.open(gguf, ModelOptions.CPU)) {
            Condition condition = encoder.encode(TEXTS, 128);

            for (int n = 0; n < TEXTS.size(); n++) {
                int[] ids = llama.vocabulary().tokenize("<|im_start|>" + TEXTS.get(n) + "<|im_end|>", true);
                assertThat(encoder.tokenizer().encode(TEXTS.get(n)))
                        .as(TEXTS.get(n))
                        .isEqualTo(ids);
                assertThat(condition.tokenCounts()[n]).isEqualTo(ids.length);
                float[][] expected = states(llama, ids);
                for (int l = 0; l < ids.length; l++) {
                    assertThat(distance(condition.state(n, l), expected[l]))
                            .as("text %d, token %d", n, l)
                            .isLessThan(1e-3);
                }
            }
        }
    }

    private static float[][] states(LlamaModel model, int[] ids) {
        ContextOptions options =
                new ContextOptions(256, false, 256, 256, 1, 1, 1, true, ContextOptions.FlashAttention.OFF);
        try (LlamaContext context = model.newContext(options)) {
            context.decode(ids);
            float[][] states = new float[ids.length][];
            for (int i = 0; i < ids.length; i++) {
                states[i] = context.embedding(i);
            }
            return states;
        }
    }

    /** Largest difference, as a share of the largest value. */
    private static double distance(float[] a, float[] b) {
        double worst = 0;
        double largest = 0;
        for (int i = 0; i < a.length; i++) {
            worst = Math.max(worst, Math.abs(a[i] - b[i]));
            largest = Math.max(largest, Math.abs(b[i]));
        }
        return worst / largest;
    }

    @Test
    void encode_longerText_isCutAndKeepsTheLastMark() {
        Path gguf = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        try (SentenceEncoder encoder = SentenceEncoder.open(encoder(gguf), SessionOptions.defaults())) {
            int[] all = encoder.tokenizer().encode(TEXTS.getFirst());
            int[] cut = encoder.tokenizer().encode(TEXTS.getFirst(), 4);

            assertThat(cut).startsWith(Arrays.copyOf(all, 3)).endsWith(all[all.length - 1]);
            // and what stands behind a token does not change its state
            Condition whole = encoder.encode(List.of(TEXTS.getFirst()), 32);
            Condition part = encoder.encode(List.of(TEXTS.getFirst()), 4);
            assertThat(distance(part.state(0, 2), whole.state(0, 2))).isLessThan(1e-5);
        }
    }

    @Test
    void write_notSupported_refusedAndNothingWritten() {
        Path target = folder.resolve("encoder");
        Path other = folder.resolve("other.gguf");
        new GgufWriter().put("general.architecture", "llama").write(other);
        assertThatThrownBy(() -> BaseStates.write(other, target, false))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("general.architecture");
        Path absent = folder.resolve("absent.gguf");
        assertThatThrownBy(() -> BaseStates.write(absent, target, false))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("absent.gguf");
        assertThat(target).doesNotExist();
    }

    @Test
    void write_folderIsThere_refusedUnlessItMayGo() {
        Path gguf = TinyBase.write(folder, TinyBase.SHAPE, GgmlType.F32);
        Path encoder = encoder(gguf);

        assertThatThrownBy(() -> BaseStates.write(gguf, encoder, false))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("exists");
        BaseStates.write(gguf, encoder, true);
        assertThat(encoder.resolve("encoder.onnx")).exists();
    }
}
