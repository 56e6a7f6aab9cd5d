package org.dndllm.lora;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufArray;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufType;
import org.dndllm.format.GgufValue;
import org.dndllm.format.GgufWriter;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Every adapter that llama.cpp v0.5.0 was seen to abort on, crash on or keep silent about, and some more. */
class GgufAdapterMalformedTest {
    private static final BaseTensors UNTIED = BaseTensors.of(LoraFixtures.TINY);
    private static final BaseTensors TIED = BaseTensors.of(LoraFixtures.TINY_TIED);
    private static final String Q = "blk.0.attn_q.weight";

    /** A sound adapter, to be spoilt: rank 4 on blk.0.attn_q, [64, 64]. */
    private static final class Draft {
        final Map<String, GgufValue> keys = new LinkedHashMap<>();
        final Map<String, Tensor> tensors = new LinkedHashMap<>();

        Draft() {
            keys.put("general.architecture", GgufValue.of("qwen2"));
            keys.put("general.type", GgufValue.of("adapter"));
            keys.put("adapter.type", GgufValue.of("lora"));
            keys.put("adapter.lora.alpha", GgufValue.float32(8));
            pair(Q, 64, 4, 64);
        }

        Draft pair(String weight, long in, long rank, long out) {
            tensor(weight + ".lora_a", GgmlType.F16, in, rank);
            return tensor(weight + ".lora_b", GgmlType.F16, rank, out);
        }

        Draft tensor(String name, GgmlType type, Long... dims) {
            return tensor(name, type, 0, 0, dims);
        }

        Draft tensor(String name, GgmlType type, int bits, long at, Long... dims) {
            tensors.put(name, new Tensor(type, List.of(dims), bits, at));
            return this;
        }

        byte[] bytes() {
            GgufWriter writer = new GgufWriter();
            keys.forEach(writer::put);
            tensors.forEach((name, tensor) -> writer.tensor(name, tensor.type, tensor.dims, data -> tensor.fill(data)));
            try (Arena arena = Arena.ofConfined()) {
                return writer.toMemory(arena).toArray(ValueLayout.JAVA_BYTE);
            }
        }
    }

    /** Zeros, with one bit pattern of the type's width at byte {@code at}. */
    private record Tensor(GgmlType type, List<Long> dims, int bits, long at) {
        void fill(MemorySegment data) {
            data.fill((byte) 0);
            if (bits != 0 && type == GgmlType.F32) {
                data.set(ValueLayout.JAVA_INT_UNALIGNED, at, bits);
            } else if (bits != 0) {
                data.set(ValueLayout.JAVA_SHORT_UNALIGNED, at, (short) bits);
            }
        }
    }

    private record Case(String name, BaseTensors base, byte[] file, String message) {}

    private static final class Cases {
        final List<Case> all = new ArrayList<>();

        void add(String name, String message, Consumer<Draft> spoil) {
            add(name, UNTIED, message, spoil);
        }

        void add(String name, BaseTensors base, String message, Consumer<Draft> spoil) {
            Draft draft = new Draft();
            spoil.accept(draft);
            all.add(new Case(name, base, draft.bytes(), message));
        }

        void raw(String name, String message, java.util.function.UnaryOperator<byte[]> spoil) {
            all.add(new Case(name, UNTIED, spoil.apply(new Draft().bytes()), message));
        }
    }

    @Test
    void validate_soundDraft_passes() {
        AdapterSummary summary = validate(new Draft().bytes(), UNTIED);
        assertThat(summary.pairs()).isEqualTo(1);
        assertThat(summary.highestRank()).isEqualTo(4);
    }

    @TestFactory
    List<DynamicTest> validate_malformed_throwsNamingFieldAndFile() {
        Cases cases = new Cases();
        files(cases);
        keys(cases);
        tensors(cases);
        values(cases);
        assertThat(cases.all).hasSizeGreaterThanOrEqualTo(60);
        return cases.all.stream()
                .map(c -> DynamicTest.dynamicTest(
                        c.name,
                        () -> assertThatThrownBy(() -> validate(c.file, c.base))
                                .isInstanceOf(InvalidInputException.class)
                                .hasMessageStartingWith("bad.gguf: ")
                                .hasMessageContaining(c.message)))
                .toList();
    }

    private static void files(Cases cases) {
        cases.raw("empty file", "", bytes -> new byte[0]);
        cases.raw("bad magic", "magic", bytes -> flip(bytes, 0));
        cases.raw("bad version", "version", bytes -> flip(bytes, 4));
        cases.raw("huge tensor count", "tensor_count", bytes -> flip(bytes, 14));
        cases.raw("huge key count", "metadata_kv_count", bytes -> flip(bytes, 22));
        cases.raw("huge string length", "", bytes -> flip(bytes, 30));
        cases.raw("truncated header", "", bytes -> java.util.Arrays.copyOf(bytes, 20));
        cases.raw("truncated keys", "", bytes -> java.util.Arrays.copyOf(bytes, 60));
        cases.raw("last data gone", "", bytes -> java.util.Arrays.copyOf(bytes, bytes.length - 64));
        cases.raw("all data gone", "", bytes -> java.util.Arrays.copyOf(bytes, bytes.length - 1024));
        cases.raw(
                "garbage",
                "magic",
                bytes -> "this is no adapter at all, but a sentence".getBytes(java.nio.charset.StandardCharsets.UTF_8));
    }

    private static byte[] flip(byte[] bytes, int at) {
        bytes[at] ^= 0x55;
        return bytes;
    }

    private static void keys(Cases cases) {
        for (String key : List.of("general.architecture", "general.type", "adapter.type", "adapter.lora.alpha")) {
            cases.add("missing " + key, key + ": is missing", d -> d.keys.remove(key));
        }
        for (String key : List.of("general.architecture", "general.type", "adapter.type")) {
            cases.add(key + " is a number", key, d -> d.keys.put(key, GgufValue.uint32(1)));
            cases.add(key + " is an array", key, d -> d.keys.put(key, GgufValue.of(GgufArray.ofStrings(List.of("x")))));
            cases.add(key + " is a truth value", key, d -> d.keys.put(key, GgufValue.of(true)));
            cases.add(key + " is another word", key, d -> d.keys.put(key, GgufValue.of("llama")));
        }
        cases.add("a base model", "general.type", d -> d.keys.put("general.type", GgufValue.of("model")));
        String alpha = "adapter.lora.alpha";
        cases.add("alpha u32", alpha, d -> d.keys.put(alpha, GgufValue.uint32(16)));
        cases.add("alpha f64", alpha, d -> d.keys.put(alpha, new GgufValue(GgufType.FLOAT64, 16.0)));
        cases.add("alpha string", alpha, d -> d.keys.put(alpha, GgufValue.of("16")));
        cases.add("alpha array", alpha, d -> d.keys.put(alpha, GgufValue.of(GgufArray.ofFloats(new float[] {16}))));
        cases.add("alpha NaN", alpha, d -> d.keys.put(alpha, GgufValue.float32(Float.NaN)));
        cases.add("alpha inf", alpha, d -> d.keys.put(alpha, GgufValue.float32(Float.POSITIVE_INFINITY)));
        cases.add("alpha zero", alpha, d -> d.keys.put(alpha, GgufValue.float32(0)));
        cases.add("alpha denormal", alpha, d -> d.keys.put(alpha, GgufValue.float32(Float.MIN_VALUE)));
        cases.add("scale overflow", alpha, d -> d.keys.put(alpha, GgufValue.float32(1e38f)));
        String alora = "adapter.alora.invocation_tokens";
        cases.add(
                "first of two parts",
                "split.count",
                d -> d.keys.put("split.count", new GgufValue(GgufType.UINT16, 2L)));
        cases.add("alora tokens", alora, d -> d.keys.put(alora, GgufValue.of(GgufArray.ofInts(new int[] {1}))));
        cases.add("alora tokens as text", alora, d -> d.keys.put(alora, GgufValue.of("go")));
    }

    private static void tensors(Cases cases) {
        cases.add("no tensors", "there are none", d -> d.tensors.clear());
        cases.add("only A", Q + ".lora_b: is missing", d -> d.tensors.remove(Q + ".lora_b"));
        cases.add("only B", Q + ".lora_a: is missing", d -> d.tensors.remove(Q + ".lora_a"));
        cases.add("A 1-D", Q + ".lora_a", d -> d.tensor(Q + ".lora_a", GgmlType.F16, 64L));
        cases.add("B 1-D", Q + ".lora_b", d -> d.tensor(Q + ".lora_b", GgmlType.F16, 64L));
        cases.add("A 3-D", Q + ".lora_a", d -> d.tensor(Q + ".lora_a", GgmlType.F16, 64L, 4L, 2L));
        cases.add("B 3-D", Q + ".lora_b", d -> d.tensor(Q + ".lora_b", GgmlType.F16, 4L, 64L, 2L));
        cases.add("A 3-D of depth 1", Q + ".lora_a", d -> d.tensor(Q + ".lora_a", GgmlType.F16, 64L, 4L, 1L));
        cases.add("A/B rank mismatch", "rank", d -> d.tensor(Q + ".lora_b", GgmlType.F16, 8L, 64L));
        cases.add("A of wrong length", "wrong base model", d -> d.tensor(Q + ".lora_a", GgmlType.F16, 96L, 4L));
        cases.add("B of wrong length", "wrong base model", d -> d.tensor(Q + ".lora_b", GgmlType.F16, 4L, 32L));
        cases.add("A transposed", "wrong base model", d -> d.tensor(Q + ".lora_a", GgmlType.F16, 4L, 64L));
        cases.add("rank beyond full", "rank 65", d -> d.pair(Q, 64, 65, 64));
        for (GgmlType type :
                List.of(GgmlType.I8, GgmlType.I16, GgmlType.I32, GgmlType.I64, GgmlType.F64, GgmlType.Q4_0)) {
            cases.add("A of type " + type, type.name(), d -> d.tensor(Q + ".lora_a", type, 64L, 4L));
        }
        cases.add("B of type I32", "I32", d -> d.tensor(Q + ".lora_b", GgmlType.I32, 4L, 64L));
        cases.add("missing layer", "wrong base model", d -> d.pair("blk.2.attn_q.weight", 64, 4, 64));
        cases.add("layer with leading zero", "blk.00", d -> d.pair("blk.00.attn_q.weight", 64, 4, 64));
        cases.add("layer number overflows", "blk.99999999999", d -> d.pair("blk.99999999999.attn_q.weight", 64, 4, 64));
        cases.add("unknown weight", "no weight", d -> d.pair("blk.0.attn_qkv.weight", 64, 4, 64));
        cases.add("HF name", "no weight", d -> d.pair("model.layers.0.self_attn.q_proj.weight", 64, 4, 64));
        cases.add("bias pair", "no weight", d -> d.pair("blk.0.attn_q.bias", 64, 4, 64));
        cases.add("norm pair", "no weight", d -> d.pair("blk.0.attn_norm.weight", 64, 4, 64));
        cases.add("plain norm", "is a norm", d -> d.tensor("blk.0.attn_norm.weight", GgmlType.F32, 64L));
        cases.add("unexpected suffix", "neither", d -> d.tensor(Q + ".lora_c", GgmlType.F16, 64L, 4L));
        cases.add("whole weight", "neither", d -> d.tensor(Q, GgmlType.F16, 64L, 64L));
        cases.add("suffix in the middle", "no weight", d -> d.pair("blk.0.lora_a.attn_q.weight", 64, 4, 64));
        cases.add("embedding, tied", TIED, "ties together", d -> d.pair("token_embd.weight", 4, 320, 4));
        cases.add("output, tied", TIED, "ties together", d -> d.pair("output.weight", 64, 4, 320));
        cases.add(
                "embedding, rank mismatch",
                "rank",
                d -> d.tensor("token_embd.weight.lora_a", GgmlType.F16, 4L, 320L)
                        .tensor("token_embd.weight.lora_b", GgmlType.F16, 8L, 64L));
        cases.add("embedding as a plain pair", "token_embd.weight", d -> d.pair("token_embd.weight", 64, 4, 320));
    }

    private static void values(Cases cases) {
        // Places: first, and last, which lies in a tail shorter than 8 bytes where the size is not a multiple of 8.
        cases.add("F16 NaN", "NaN", d -> d.tensor(Q + ".lora_a", GgmlType.F16, 0x7e00, 0, 64L, 4L));
        cases.add("F16 inf at the end", "Infinity", d -> d.tensor(Q + ".lora_b", GgmlType.F16, 0xfc00, 510, 4L, 64L));
        cases.add("BF16 NaN", "NaN", d -> d.tensor(Q + ".lora_a", GgmlType.BF16, 0x7fc0, 100, 64L, 4L));
        cases.add("BF16 huge", "65536", d -> d.tensor(Q + ".lora_a", GgmlType.BF16, 0x4780, 2, 64L, 4L));
        cases.add("F32 NaN", "NaN", d -> d.tensor(Q + ".lora_a", GgmlType.F32, 0x7fc00000, 1020, 64L, 4L));
        cases.add("F32 -inf", "Infinity", d -> d.tensor(Q + ".lora_b", GgmlType.F32, 0xff800000, 4, 4L, 64L));
        cases.add(
                "F32 huge",
                "1.0E30",
                d -> d.tensor(Q + ".lora_a", GgmlType.F32, Float.floatToRawIntBits(1e30f), 8, 64L, 4L));
        cases.add(
                "F32 just too large",
                "65536",
                d -> d.tensor(Q + ".lora_a", GgmlType.F32, Float.floatToRawIntBits(-65_536f), 8, 64L, 4L));
        cases.add("Q8_0 scale NaN", "NaN", d -> d.tensor(Q + ".lora_a", GgmlType.Q8_0, 0x7e00, 34, 64L, 4L));
    }

    @Test
    void validate_largestFiniteValues_pass() {
        Draft draft = new Draft()
                .tensor(Q + ".lora_a", GgmlType.F16, 0x7bff, 6, 64L, 4L) // 65504
                .tensor(Q + ".lora_b", GgmlType.F32, Float.floatToRawIntBits(Math.nextDown(65_536f)), 0, 4L, 64L);
        assertThat(validate(draft.bytes(), UNTIED).types()).containsExactlyInAnyOrder(GgmlType.F16, GgmlType.F32);
    }

    @Test
    void validate_untiedOuterWeights_pass() {
        Draft draft = new Draft().pair("output.weight", 64, 4, 320);
        draft.tensor("token_embd.weight.lora_a", GgmlType.F16, 4L, 320L);
        draft.tensor("token_embd.weight.lora_b", GgmlType.F16, 4L, 64L);
        assertThat(validate(draft.bytes(), UNTIED).outerWeights()).isTrue();
        assertThatThrownBy(() -> read(draft.bytes())).hasMessageContaining("not edited");
    }

    @Test
    void read_mixedRanks_throws() {
        byte[] bytes = new Draft().pair("blk.1.attn_k.weight", 64, 2, 32).bytes();
        assertThat(validate(bytes, UNTIED).lowestRank()).isEqualTo(2);
        assertThatThrownBy(() -> read(bytes)).hasMessageContaining("ranks from 2 to 4");
    }

    private static AdapterSummary validate(byte[] bytes, BaseTensors base) {
        try (GgufFile file = GgufFile.of(MemorySegment.ofArray(bytes), "bad.gguf")) {
            return GgufAdapter.validate(file, base);
        }
    }

    private static Optional<LoraWeights> read(byte[] bytes) {
        try (GgufFile file = GgufFile.of(MemorySegment.ofArray(bytes), "bad.gguf")) {
            return Optional.of(GgufAdapter.read(file, LoraFixtures.TINY));
        }
    }
}
