package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.assertj.core.data.Offset;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufWriter;
import org.dndllm.format.JsonValue;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Adapters whose modules differ in rank and alpha; numbers of PEFT and torch, see the README beside the data. */
class MixedRankTest {
    private static final BaseShape SHAPE =
            BaseShape.fromConfigJson(resource("peft-tiny").resolve("config.json"));

    @TempDir
    Path folder;

    private Path adapter;

    private static Path resource(String name) {
        try {
            return Path.of(MixedRankTest.class.getResource("/lora/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    @BeforeEach
    void copy() throws IOException {
        adapter = Files.createDirectory(folder.resolve("adapter"));
        for (String file : List.of(PeftAdapter.CONFIG_FILE, PeftAdapter.WEIGHTS_FILE)) {
            Files.copy(resource("peft-tiny-mixed").resolve(file), adapter.resolve(file));
        }
    }

    private void edit(String pattern, String replacement) throws IOException {
        Path config = adapter.resolve(PeftAdapter.CONFIG_FILE);
        String before = Files.readString(config);
        String after = before.replaceFirst(pattern, replacement);
        assertThat(after).as("the edit applies").isNotEqualTo(before);
        Files.writeString(config, after);
    }

    private static Map<String, Double> expected(ToDoubleFunction<JsonValue.Obj> value) throws IOException {
        Path file = resource("peft-tiny-mixed").resolve("expected.json");
        return JsonValue.parse(Files.readAllBytes(file), file.toString())
                .asObject(file.toString())
                .array("modules")
                .objects()
                .stream()
                .collect(Collectors.toMap(json -> json.string("module"), value::applyAsDouble));
    }

    private static void assertEntries(
            LoraError error, ToDoubleFunction<LoraError.Entry> actual, Map<String, Double> expected) {
        assertThat(error.entries()).hasSize(expected.size());
        for (LoraError.Entry entry : error.entries()) {
            // PEFT's numbers are of float A and B in double, as ours are; the scale is a float here
            assertThat(actual.applyAsDouble(entry))
                    .as(entry.name().path())
                    .isCloseTo(expected.get(entry.name().path()), Offset.offset(2e-7));
        }
    }

    private LoraError toRank(int rank) {
        MixedLora source = PeftAdapter.readMixed(adapter, SHAPE);
        LoraWeights form = new CanonicalForm(rank, 2f * rank, source.modules(), false).of(source);
        assertThat(form.rank()).isEqualTo(rank);
        return LoraError.of(source.parts(), form);
    }

    @Test
    void readMixed_patterns_changeTheWeightsAsPeftDoes() throws IOException {
        assertEntries(toRank(5), LoraError.Entry::norm, expected(json -> json.number("norm")));
    }

    @Test
    void readMixed_rankStabilized_changesTheWeightsAsPeftDoes() throws IOException {
        edit("\"use_rslora\": false", "\"use_rslora\": true");
        assertEntries(
                toRank(5),
                LoraError.Entry::norm,
                expected(json -> json.number("norm") * json.number("rslora_scaling") / json.number("scaling")));
    }

    @Test
    void canonicalForm_ofTheLargestRank_isExact() {
        assertThat(toRank(5).total().relative()).isLessThan(1e-7);
    }

    @Test
    void canonicalForm_ofASmallerRank_leavesOutWhatTorchSays() throws IOException {
        assertEntries(toRank(2), LoraError.Entry::relative, expected(json -> json.number("error_at_rank_2")));
    }

    @Test
    void read_mixedWhereOneRankIsNeeded_namesThePatternAndTheCommand() {
        assertThatThrownBy(() -> PeftAdapter.read(adapter, SHAPE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("rank_pattern")
                .hasMessageContaining("dnd lora canonicalize");
    }

    @Test
    void readMixed_oneRank_isTheAdapterItself() {
        MixedLora mixed = PeftAdapter.readMixed(resource("peft-tiny"), SHAPE);
        LoraWeights plain = PeftAdapter.read(resource("peft-tiny"), SHAPE);
        assertThat(mixed.uniform().orElseThrow().dtype()).isEqualTo(plain.dtype());
        assertThat(LoraError.of(plain, mixed.uniform().orElseThrow()).total().error())
                .isZero();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"q_proj\": 5 | \"q_proj\": 4 | adapter_model.safetensors | ask for [4,",
                "\"q_proj\": 5 | \"q_proj\": 0 | rank_pattern.q_proj | expected 1 to",
                "\"q_proj\": 5 | \"q_proj\": \"5\" | rank_pattern.q_proj | number",
                "\"q_proj\": 5 | \"lm_head\": 5, \"q_proj\": 5 | rank_pattern | 'lm_head' matches no module",
                "\"down_proj\": 2 | \"down_proj\": 0 | lora_alpha | other than 0",
                "\"down_proj\": 2 | \"q_(proj\": 2 | alpha_pattern | no regular expression",
                "\"down_proj\": 2 | \"(([a-z._0-9]+)+)+!\": 2 | alpha_pattern | takes forever",
            })
    void readMixed_badPattern_throwsNamingIt(String before, String after, String field, String words)
            throws IOException {
        edit(Pattern.quote(before), Matcher.quoteReplacement(after));
        assertThatThrownBy(() -> PeftAdapter.readMixed(adapter, SHAPE))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(field)
                .hasMessageContaining(words);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 6})
    void readMixed_gguf_dividesAlphaByEachPairsRank(int alpha) {
        // given two pairs of ranks 2 and 4 without a common scale
        float[] a2 = LoraFixtures.noise(1, 2 * LoraFixtures.TINY.in(TargetModule.Q_PROJ), 1, 0);
        float[] b2 = LoraFixtures.noise(2, LoraFixtures.TINY.out(TargetModule.Q_PROJ) * 2, 1, 0);
        float[] a4 = LoraFixtures.noise(3, 4 * LoraFixtures.TINY.in(TargetModule.K_PROJ), 1, 0);
        float[] b4 = LoraFixtures.noise(4, LoraFixtures.TINY.out(TargetModule.K_PROJ) * 4, 1, 0);
        GgufWriter writer = new GgufWriter()
                .put("general.architecture", "qwen2")
                .put("general.type", "adapter")
                .put("adapter.type", "lora")
                .putFloat32("adapter.lora.alpha", alpha);
        pair(writer, "blk.0.attn_q.weight", a2, b2, 2);
        pair(writer, "blk.1.attn_k.weight", a4, b4, 4);
        Path file = folder.resolve("mixed.gguf");
        writer.write(file);

        // when
        MixedLora mixed;
        try (GgufFile gguf = GgufFile.open(file)) {
            mixed = GgufAdapter.readMixed(gguf, LoraFixtures.TINY);
            assertThatThrownBy(() -> GgufAdapter.read(gguf, LoraFixtures.TINY))
                    .hasMessageContaining("ranks from 2 to 4")
                    .hasMessageContaining("dnd lora canonicalize");
        }

        // then
        LoraWeights form = new CanonicalForm(4, 8, mixed.modules(), false).of(mixed);
        LoraError error = LoraError.of(
                List.of(
                        part(new LoraTensor(0, TargetModule.Q_PROJ, a2, b2), 2, alpha),
                        part(new LoraTensor(1, TargetModule.K_PROJ, a4, b4), 4, alpha)),
                form);
        assertThat(error.total().relative()).isLessThan(1e-7);
        assertThat(mixed.uniform()).isEmpty();
    }

    private static LoraBlend.Part part(LoraTensor pair, int rank, float alpha) {
        return new LoraBlend.Part(LoraWeights.of(LoraFixtures.TINY, rank, alpha, DType.F32, List.of(pair)), 1);
    }

    private static void pair(GgufWriter writer, String name, float[] a, float[] b, long rank) {
        writer.tensor(name + ".lora_a", GgmlType.F32, List.of(a.length / rank, rank), MemorySegment.ofArray(a));
        writer.tensor(name + ".lora_b", GgmlType.F32, List.of(rank, b.length / rank), MemorySegment.ofArray(b));
    }

    @Test
    void groups_touchingAModuleTwice_areRefused() {
        LoraWeights group = PeftAdapter.read(resource("peft-tiny"), SHAPE);
        assertThatThrownBy(() -> new MixedLora(List.of(group, group.withAlpha(1))))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("occurs twice");
    }
}
