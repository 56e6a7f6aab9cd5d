package org.dndllm.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.onnx.OnnxGraph;
import org.dndllm.onnx.OnnxType;
import org.dndllm.onnx.SessionOptions;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The encoder as its users see it, on the tiny model (64 positions, 32 channels). */
final class SentenceEncoderIT {
    private static final List<String> PROMPTS = List.of(
            "what is the best source of heat?",
            "the moon and the sun",
            "",
            "metal is a good conductor of heat and light. which answer is it?");

    private static SentenceEncoder encoder;

    @BeforeAll
    static void open() {
        encoder = SentenceEncoder.open(Resources.path("tiny-bert"), SessionOptions.defaults());
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    @Test
    void encode_prompts_givesStatesMaskAndCounts() {
        Condition condition = encoder.encode(PROMPTS, 32);
        assertThat(condition.states()).hasSize(4 * 32 * 32);
        assertThat(condition.tokenCounts()[2]).isEqualTo(2);
        for (int n = 0; n < 4; n++) {
            for (int l = 0; l < 32; l++) {
                assertThat(condition.mask()[n * 32 + l]).isEqualTo(l < condition.tokenCounts()[n]);
            }
        }
    }

    @Test
    void encode_paddingPositions_holdEncoderOutputs() {
        // the official decoder is trained on them, so they must not be cleared
        Condition condition = encoder.encode(List.of("heat"), 16);
        float[] last = condition.state(0, 15);
        assertThat(condition.mask()[15]).isFalse();
        assertThat(last).isNotEqualTo(new float[32]);
        assertThat(last).isNotEqualTo(condition.state(0, 14));
    }

    /** In one block of up to 64 positions, and over two blocks of which the second is empty for short prompts. */
    @ParameterizedTest
    @ValueSource(ints = {32, 64, 128})
    void encodeUnpadded_prompts_givesTheSameRealTokensAndZerosElsewhere(int length) {
        List<String> prompts = new ArrayList<>(PROMPTS);
        prompts.add("heat and light ".repeat(30));
        Condition padded = encoder.encode(prompts, length);
        List<Integer> done = new ArrayList<>();

        Condition condition = encoder.encodeUnpadded(prompts, length, (count, total) -> done.add(count));

        assertThat(condition.mask()).isEqualTo(padded.mask());
        assertThat(condition.tokenCounts()).isEqualTo(padded.tokenCounts());
        assertThat(done.getLast()).isEqualTo(prompts.size());
        for (int n = 0; n < prompts.size(); n++) {
            for (int l = 0; l < length; l++) {
                if (l < condition.tokenCounts()[n]) {
                    // masked keys have no share, so only the order of sums may differ
                    assertThat(Errors.relative(condition.state(n, l), padded.state(n, l)))
                            .as("prompt %d, position %d", n, l)
                            .isLessThan(1e-5);
                } else {
                    assertThat(condition.state(n, l)).isEqualTo(new float[32]);
                }
            }
        }
    }

    @Test
    void encode_moreLength_leavesRealTokensAlone() {
        Condition narrow = encoder.encode(PROMPTS, 24);
        Condition wide = encoder.encode(PROMPTS, 64);
        for (int n = 0; n < PROMPTS.size(); n++) {
            for (int l = 0; l < narrow.tokenCounts()[n] - 1; l++) {
                if (narrow.tokenCounts()[n] < 24) {
                    // masked keys have no share, so only the order of sums may differ
                    assertThat(Errors.relative(wide.state(n, l), narrow.state(n, l)))
                            .isLessThan(1e-5);
                }
            }
        }
    }

    @Test
    void encode_severalBlocks_encodesEachOnItsOwn() {
        // given a text of more than one block of 64 ids
        String text = "what is the best source of heat and light on the earth? ".repeat(10);
        int[] ids = encoder.tokenizer().encode(text, 192);
        // when
        Condition condition = encoder.encode(List.of(text), 192);
        // then the second block equals those ids alone, at positions 0 to 63, without [CLS]
        long[] block = new long[64];
        long[] mask = new long[64];
        for (int l = 64; l < Math.min(128, ids.length); l++) {
            block[l - 64] = ids[l];
            mask[l - 64] = 1;
        }
        TokenBatch tokens = new TokenBatch(1, 64, block, mask);
        float[] expected = states(tokens);
        assertThat(ids.length).isGreaterThan(64);
        assertThat(Errors.relative(Arrays.copyOfRange(condition.states(), 64 * 32, 128 * 32), expected))
                .isLessThan(1e-6);
    }

    @Test
    void encode_blockOfPaddingOnly_isFinite() {
        Condition condition = encoder.encode(List.of("heat"), 192);
        for (float value : condition.states()) {
            assertThat(value).isFinite();
        }
        assertThat(condition.tokenCounts()).containsExactly(3);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 65, 100, -64})
    void encode_impossibleLength_isRefused(int length) {
        assertThatThrownBy(() -> encoder.encode(PROMPTS, length))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("length")
                .hasMessageContaining("64");
    }

    @Test
    void encode_noPrompt_isRefused() {
        assertThatThrownBy(() -> encoder.encode(List.of(), 32))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("at least one prompt");
    }

    @Test
    void encode_tooManyNumbers_isRefusedBeforeAnyWork() {
        List<String> many = java.util.Collections.nCopies(40_000, "heat");
        assertThatThrownBy(() -> encoder.encode(many, 64 * 32))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("fewer prompts");
    }

    @Test
    void encode_edgePrompts_areDefined() {
        List<String> prompts =
                List.of("", "   \t\n", "x".repeat(100_000), "heat ".repeat(20_000), "\ud800 heat \udc00", "\0");
        Condition condition = encoder.encode(prompts, 64);
        assertThat(condition.tokenCounts())
                .containsExactly(2, 2, 3, 64, encoder.tokenizer().encode("heat").length, 2);
        for (float value : condition.states()) {
            assertThat(value).isFinite();
        }
        // nothing but [CLS] and [SEP] either way
        assertThat(condition.state(1, 0)).isEqualTo(condition.state(0, 0));
    }

    @Test
    void encode_manyPrompts_equalsOneByOneAndReportsProgress() {
        List<String> prompts = new ArrayList<>();
        for (int i = 0; i < 75; i++) {
            prompts.add("light " + i);
        }
        List<Integer> reported = new ArrayList<>();
        Condition all = encoder.encode(prompts, 16, (done, total) -> {
            assertThat(total).isEqualTo(75);
            reported.add(done);
        });
        assertThat(reported).containsExactly(32, 64, 75);
        for (int n : new int[] {0, 31, 32, 74}) {
            Condition one = encoder.encode(List.of(prompts.get(n)), 16);
            assertThat(Errors.relative(Arrays.copyOfRange(all.states(), n * 16 * 32, (n + 1) * 16 * 32), one.states()))
                    .isLessThan(1e-5);
        }
    }

    @Test
    void embed_texts_keepsOrderAndUnitLength() {
        List<String> texts =
                List.of("the sun is hot", "", "a very long answer about the wind and the rain and the moon", "sun");
        float[][] vectors = encoder.embed(texts);
        for (int n = 0; n < texts.size(); n++) {
            float[] alone = encoder.embed(List.of(texts.get(n)))[0];
            assertThat(Errors.relative(vectors[n], alone)).isLessThan(1e-5);
            double squares = 0;
            for (float value : vectors[n]) {
                squares += (double) value * value;
            }
            assertThat(squares).isCloseTo(1, org.assertj.core.data.Offset.offset(1e-5));
        }
        assertThat(encoder.embed(List.of())).isEmpty();
    }

    @Test
    void open_bundleOrFolderWithOnnx_givesTheSameAsSafetensors(@TempDir Path folder) throws IOException {
        copy(folder, "config.json", "vocab.txt");
        BertGraph.export(Resources.path("tiny-bert"), folder.resolve("encoder.onnx"));
        try (SentenceEncoder bundle = SentenceEncoder.open(folder, SessionOptions.defaults())) {
            assertThat(bundle.encode(PROMPTS, 32).states())
                    .isEqualTo(encoder.encode(PROMPTS, 32).states());
            assertThat(bundle.width()).isEqualTo(32);
            assertThat(bundle.maxPositions()).isEqualTo(64);
            assertThat(bundle.providerReport()).contains("CPU");
        }
    }

    @Test
    void open_foreignOnnx_mapsNamesAndPoolsItself(@TempDir Path folder) throws IOException {
        // given a graph in the layout of Hugging Face exports: three inputs, last_hidden_state alone
        copy(folder, "config.json", "vocab.txt");
        OnnxGraph graph = new OnnxGraph("foreign");
        for (String input : List.of("input_ids", "attention_mask", "token_type_ids")) {
            graph.input(input, OnnxType.INT64, "batch", "sequence");
        }
        // states[n, l, :] = id + type, 32 times
        String sum = graph.node("Add", "input_ids", "token_type_ids");
        String cast = graph.node("Cast", List.of(sum), Map.of("to", OnnxType.FLOAT.code()));
        String deep = graph.node("Unsqueeze", cast, graph.longs("last", 2));
        graph.namedNode("last_hidden_state", "Tile", List.of(deep, graph.longs("times", 1, 1, 32)), Map.of());
        graph.output("last_hidden_state", OnnxType.FLOAT, "batch", "sequence", 32);
        Files.createDirectories(folder.resolve("onnx"));
        graph.write(folder.resolve("onnx/model.onnx"));
        try (SentenceEncoder foreign = SentenceEncoder.open(folder, SessionOptions.defaults())) {
            // when
            Condition condition = foreign.encode(List.of("heat"), 8);
            // then
            assertThat(condition.state(0, 0)).containsOnly(2f);
            assertThat(foreign.embed(List.of("heat"))[0]).containsOnly((float) (1 / Math.sqrt(32)));
        }
    }

    @Test
    void open_clsPooling_usesTheFirstState(@TempDir Path folder) throws IOException {
        copy(folder, "config.json", "vocab.txt", "model.safetensors");
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.writeString(
                folder.resolve("1_Pooling/config.json"),
                "{\"pooling_mode_cls_token\": true, \"pooling_mode_mean_tokens\": false}");
        try (SentenceEncoder cls = SentenceEncoder.open(folder, SessionOptions.defaults())) {
            float[] expected =
                    Pooling.normalize(encoder.encode(List.of("heat"), 6).state(0, 0));
            assertThat(Errors.relative(cls.embed(List.of("heat"))[0], expected)).isLessThan(1e-5);
        }
    }

    @Test
    void encode_afterClose_isRefused() {
        SentenceEncoder closed = SentenceEncoder.open(Resources.path("tiny-bert"), SessionOptions.defaults());
        closed.close();
        closed.close();
        assertThatIllegalStateException().isThrownBy(() -> closed.encode(PROMPTS, 16));
    }

    private static float[] states(TokenBatch tokens) {
        try {
            Path folder = Files.createTempDirectory("dnd-test");
            Path graph = folder.resolve("encoder.onnx");
            BertGraph.export(Resources.path("tiny-bert"), graph);
            float[] states = BertGraphIT.run(graph, tokens.ids(), tokens.mask(), 1, tokens.length())
                    .get("states")
                    .floats();
            Files.delete(graph);
            Files.delete(folder);
            return states;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static void copy(Path folder, String... names) throws IOException {
        for (String name : names) {
            Files.copy(Resources.path("tiny-bert/" + name), folder.resolve(name));
        }
    }
}
