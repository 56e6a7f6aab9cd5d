package org.dndllm.engine;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufArray;
import org.dndllm.format.GgufType;
import org.dndllm.format.GgufValue;

/** A sound adapter of the nano base model (F32, one rank, all seven modules of both layers), spoilt in one place each. */
final class MalformedAdapters {
    private static final String ALPHA = "adapter.lora.alpha";
    private static final String Q = "blk.0.attn_q.weight";
    private static final String A = Q + ".lora_a";
    private static final String B = Q + ".lora_b";
    private static final long RANK = 4;

    private final Path folder;
    private final byte[] sound;
    private final byte[] base;
    private final GgufDraft draft;
    private final List<MalformedInput> all = new ArrayList<>();

    private MalformedAdapters(Path folder, byte[] sound, byte[] base) {
        this.folder = folder;
        this.sound = sound;
        this.base = base;
        draft = GgufDraft.of(sound);
    }

    static List<MalformedInput> of(Path folder, byte[] sound, byte[] base, byte[] ofOtherShape) {
        MalformedAdapters adapters = new MalformedAdapters(folder, sound, base);
        adapters.files(ofOtherShape);
        adapters.keys();
        adapters.alpha();
        adapters.pairs();
        adapters.shapes();
        adapters.types();
        adapters.values();
        return adapters.all;
    }

    /** Alternately from memory and from a file. */
    private void bytes(String name, String field, byte[] bytes) {
        String source = "adapter-" + all.size() + ".gguf";
        MalformedInput.Door memory = live -> live.loadAdapter(MemorySegment.ofArray(bytes), source);
        MalformedInput.Door file = live -> live.loadAdapter(GgufDraft.save(folder, source, bytes));
        all.add(new MalformedInput("adapter", name, source, field, all.size() % 2 == 0 ? memory : file));
    }

    private void raw(String name, String field, UnaryOperator<byte[]> spoil) {
        bytes(name, field, spoil.apply(sound.clone()));
    }

    private void spoil(String name, String field, Consumer<GgufDraft> change) {
        GgufDraft copy = draft.copy();
        change.accept(copy);
        bytes(name, field, copy.bytes());
    }

    private void key(String name, String key, GgufValue value) {
        spoil(key + " " + name, key, d -> d.keys.put(key, value));
    }

    private void files(byte[] ofOtherShape) {
        path("absent file", folder.resolve("absent.gguf"));
        path("folder", folder);
        raw("empty file", "", bytes -> new byte[0]);
        raw("text", "magic", bytes -> "this is no adapter, but a sentence".getBytes(StandardCharsets.UTF_8));
        raw("bad magic", "magic", bytes -> GgufDraft.int32(bytes, 0, 0x46475546));
        raw("version 1", "version", bytes -> GgufDraft.int32(bytes, 4, 1));
        raw("2^40 tensors", "tensor_count", bytes -> GgufDraft.int64(bytes, 8, 1L << 40));
        raw("2^63 keys", "metadata_kv_count", bytes -> GgufDraft.int64(bytes, 16, Long.MIN_VALUE));
        raw("key of 2^50 bytes", "key", bytes -> GgufDraft.int64(bytes, 24, 1L << 50));
        raw("cut in the magic", "", bytes -> Arrays.copyOf(bytes, 3));
        raw("cut in the counts", "", bytes -> Arrays.copyOf(bytes, 20));
        raw("cut in a key", "", bytes -> Arrays.copyOf(bytes, 40));
        raw("cut in alpha", "tensor_count", bytes -> Arrays.copyOf(bytes, GgufDraft.after(bytes, ALPHA) + 6));
        raw("cut in a tensor name", "tensor", bytes -> Arrays.copyOf(bytes, GgufDraft.after(bytes, "blk.1.ffn_d")));
        raw("cut in a tensor entry", "tensor", bytes -> Arrays.copyOf(bytes, GgufDraft.after(bytes, B) + 9));
        raw("cut before the data", "tensor", bytes -> Arrays.copyOf(bytes, 2048));
        raw("half the data", "tensor", bytes -> Arrays.copyOf(bytes, bytes.length / 2));
        raw("last byte gone", "tensor", bytes -> Arrays.copyOf(bytes, bytes.length - 1));
        entry("no dimensions", 0, 0);
        entry("five dimensions", 0, 5);
        entry("rank of 2^28", 12, 1 << 28);
        entry("length 0", 4, 0);
        entry("negative length", 8, 0x80000000);
        entry("removed type", 20, 4);
        entry("unknown type", 20, 99);
        entry("Q8_0 in rows of no whole block", 4, 63);
        entry("offset in the middle", 24, 16);
        bytes("base model as adapter", "general.type", base);
        bytes("adapter of another base", "lora_", ofOtherShape);
    }

    private void path(String name, Path file) {
        all.add(new MalformedInput("adapter", name, file.toString(), "file", live -> live.loadAdapter(file)));
    }

    /** One 32-bit number of A's entry: dimension count, dims (64 bits each), type, offset. */
    private void entry(String name, int at, int value) {
        raw(name, A, bytes -> GgufDraft.int32(bytes, GgufDraft.after(bytes, A) + at, value));
    }

    private void keys() {
        for (String key : List.of("general.architecture", "general.type", "adapter.type")) {
            spoil("no " + key, key, d -> d.keys.remove(key));
            key("is a number", key, GgufValue.uint32(1));
            key("is a truth value", key, GgufValue.of(true));
            key("is a list", key, GgufValue.of(GgufArray.ofStrings(List.of("x"))));
            key("is another word", key, GgufValue.of("llama"));
            key("is empty", key, GgufValue.of(""));
        }
        key("marks an activated LoRA", "adapter.alora.invocation_tokens", GgufValue.of(GgufArray.ofInts(new int[] {1
        })));
        key("is of the wrong type too", "adapter.alora.invocation_tokens", GgufValue.float32(1));
        key("is text", "adapter.alora.invocation_tokens", GgufValue.of("go"));
    }

    private void alpha() {
        spoil("no " + ALPHA, ALPHA, d -> d.keys.remove(ALPHA));
        key("u32", ALPHA, GgufValue.uint32(8));
        key("u64", ALPHA, GgufValue.uint64(8));
        key("f64", ALPHA, new GgufValue(GgufType.FLOAT64, 8.0));
        key("text", ALPHA, GgufValue.of("8"));
        key("bool", ALPHA, GgufValue.of(true));
        key("list", ALPHA, GgufValue.of(GgufArray.ofFloats(new float[] {8})));
        key("NaN", ALPHA, GgufValue.float32(Float.NaN));
        key("infinite", ALPHA, GgufValue.float32(Float.NEGATIVE_INFINITY));
        key("0", ALPHA, GgufValue.float32(0));
        key("absurd", ALPHA, GgufValue.float32(3e38f));
    }

    private void pairs() {
        spoil("no tensors", "tensors", d -> d.tensors.clear());
        spoil("only A", B, d -> d.tensors.remove(B));
        spoil("only B", A, d -> d.tensors.remove(A));
        spoil("misspelt half", "lora_c", d -> d.rename(B, Q + ".lora_c"));
        pair("missing layer", "blk.2.attn_q.weight", 64, 64);
        pair("layer 2^31", "blk.2147483648.attn_q.weight", 64, 64);
        pair("unknown weight", "blk.0.attn_qkv.weight", 64, 128);
        pair("name of Hugging Face", "model.layers.0.self_attn.q_proj.weight", 64, 64);
        pair("embedding of a tied model", "token_embd.weight", 64, 655);
        pair("output of a tied model", "output.weight", 64, 655);
        pair("bias pair", "blk.0.attn_q.bias", 64, 64);
        pair("norm pair", "blk.0.attn_norm.weight", 64, 64);
        pair("output norm pair", "output_norm.weight", 64, 64);
        spoil(
                "transposed embedding of a tied model",
                "token_embd.weight",
                d -> d.zeros("token_embd.weight.lora_a", GgmlType.F32, RANK, 655L)
                        .zeros("token_embd.weight.lora_b", GgmlType.F32, RANK, 64L));
        spoil("plain norm", "blk.0.attn_norm.weight", d -> d.zeros("blk.0.attn_norm.weight", GgmlType.F32, 64L));
        spoil("whole weight", "blk.0.attn_k.weight", d -> d.zeros("blk.0.attn_k.weight", GgmlType.F16, 64L, 32L));
    }

    private void pair(String name, String weight, long in, long out) {
        spoil(
                name,
                weight,
                d -> d.zeros(weight + ".lora_a", GgmlType.F32, in, RANK)
                        .zeros(weight + ".lora_b", GgmlType.F32, RANK, out));
    }

    private void shapes() {
        spoil("A 1-D", A, d -> d.zeros(A, GgmlType.F32, 64L));
        spoil("B 1-D", B, d -> d.zeros(B, GgmlType.F32, 64L));
        spoil("A 3-D", A, d -> d.zeros(A, GgmlType.F32, 64L, RANK, 2L));
        spoil("B 3-D", B, d -> d.zeros(B, GgmlType.F32, RANK, 64L, 2L));
        spoil("B 4-D of depth 1", B, d -> d.zeros(B, GgmlType.F32, RANK, 64L, 1L, 1L));
        spoil("A transposed", A, d -> d.zeros(A, GgmlType.F32, RANK, 64L));
        spoil("A too long", A, d -> d.zeros(A, GgmlType.F32, 65L, RANK));
        spoil("B too short", B, d -> d.zeros(B, GgmlType.F32, RANK, 63L));
        spoil("ranks differ", B, d -> d.zeros(B, GgmlType.F32, RANK + 1, 64L));
        spoil(
                "rank beyond the weight",
                A,
                d -> d.zeros(A, GgmlType.F32, 64L, 65L).zeros(B, GgmlType.F32, 65L, 64L));
        // Rank 0 cannot be written, only claimed: A's second extent and B's first.
        raw("A of rank 0", A, bytes -> GgufDraft.int64(bytes, GgufDraft.after(bytes, A) + 12, 0));
        raw("B of rank 0", B, bytes -> GgufDraft.int64(bytes, GgufDraft.after(bytes, B) + 4, 0));
    }

    private void types() {
        for (GgmlType type : List.of(
                GgmlType.I8, GgmlType.I16, GgmlType.I32, GgmlType.I64, GgmlType.F64, GgmlType.Q4_0, GgmlType.Q5_1)) {
            spoil("A of type " + type, A, d -> d.zeros(A, type, 64L, RANK));
        }
        spoil("B of type I8", B, d -> d.zeros(B, GgmlType.I8, RANK, 64L));
        spoil("B of type I32", B, d -> d.zeros(B, GgmlType.I32, RANK, 64L));
        spoil("B of type F64", B, d -> d.zeros(B, GgmlType.F64, RANK, 64L));
    }

    private void values() {
        spoil("F32 NaN", A, d -> d.bytes(A, 12, 0, 0, 0xc0, 0x7f));
        spoil("F32 infinite, last value", B, d -> d.bytes(B, (int) (RANK * 64 * 4 - 4), 0, 0, 0x80, 0x7f));
        spoil("F32 huge", A, d -> d.bytes(A, 0, 0, 0, 0, 0x7e));
        spoil("F16 NaN", A, d -> d.zeros(A, GgmlType.F16, 64L, RANK).bytes(A, 510, 1, 0x7c));
        spoil("BF16 infinite", B, d -> d.zeros(B, GgmlType.BF16, RANK, 64L).bytes(B, 2, 0x80, 0xff));
        spoil("Q8_0 scale NaN", A, d -> d.zeros(A, GgmlType.Q8_0, 64L, RANK).bytes(A, 34, 0, 0x7e));
    }
}
