package org.dndllm.engine;

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
import org.dndllm.llama.LlamaModel;
import org.dndllm.llama.ModelOptions;

/** The nano base model (qwen2, two layers, width 64, tied), spoilt in one place each. */
final class MalformedModels {
    private static final String TOKENS = "tokenizer.ggml.tokens";
    private static final String MERGES = "tokenizer.ggml.merges";

    private final Path folder;
    private final byte[] sound;
    private final GgufDraft draft;
    private final List<MalformedInput> all = new ArrayList<>();

    private MalformedModels(Path folder, byte[] sound) {
        this.folder = folder;
        this.sound = sound;
        draft = GgufDraft.of(sound);
    }

    static List<MalformedInput> of(Path folder, byte[] sound) {
        MalformedModels models = new MalformedModels(folder, sound);
        models.files();
        models.architecture();
        models.numbers();
        models.vocabulary();
        models.tensors();
        models.tensorTypes();
        return models.all;
    }

    private void file(String name, String field, byte[] bytes) {
        String fileName = "model-" + all.size() + ".gguf";
        all.add(new MalformedInput(
                "model",
                name,
                fileName,
                field,
                live -> LlamaModel.open(GgufDraft.save(folder, fileName, bytes), ModelOptions.CPU)
                        .close()));
    }

    private void raw(String name, String field, UnaryOperator<byte[]> spoil) {
        file(name, field, spoil.apply(sound.clone()));
    }

    private void spoil(String name, String field, Consumer<GgufDraft> change) {
        GgufDraft copy = draft.copy();
        change.accept(copy);
        file(name, field, copy.bytes());
    }

    private void key(String name, String key, GgufValue value) {
        spoil(key + " " + name, key, d -> d.keys.put(key, value));
    }

    private void without(String key) {
        spoil("no " + key, key, d -> d.keys.remove(key));
    }

    private void files() {
        int end = sound.length;
        all.add(new MalformedInput(
                "model", "folder", folder.toString(), "file", live -> LlamaModel.open(folder, ModelOptions.CPU)));
        all.add(new MalformedInput(
                "model",
                "absent file",
                "absent.gguf",
                "file",
                live -> LlamaModel.open(folder.resolve("absent.gguf"), ModelOptions.CPU)));
        raw("empty file", "magic", bytes -> new byte[0]);
        raw("text file", "magic", bytes -> "no model, but a sentence".getBytes(StandardCharsets.UTF_8));
        raw("magic of another format", "magic", bytes -> GgufDraft.int32(bytes, 0, 0x67676d6c));
        raw("version 99", "version", bytes -> GgufDraft.int32(bytes, 4, 99));
        raw("big-endian version", "version", bytes -> GgufDraft.int32(bytes, 4, 0x03000000));
        raw("2^62 tensors", "tensor_count", bytes -> GgufDraft.int64(bytes, 8, 1L << 62));
        raw("negative key count", "metadata_kv_count", bytes -> GgufDraft.int64(bytes, 16, -1));
        raw("cut after the counts", "", bytes -> Arrays.copyOf(bytes, 24));
        raw("cut in the tokens", TOKENS, bytes -> Arrays.copyOf(bytes, GgufDraft.after(bytes, TOKENS) + 100));
        raw("cut in the tensor table", "tensor", bytes -> Arrays.copyOf(bytes, GgufDraft.after(bytes, "blk.1.ffn_up")));
        raw("half the data", "tensor", bytes -> Arrays.copyOf(bytes, end - 80_000));
        raw("last tensor cut", "output_norm.weight", bytes -> Arrays.copyOf(bytes, end - 4));
        raw(
                "key of unknown value type",
                "block_count",
                bytes -> GgufDraft.int32(bytes, GgufDraft.after(bytes, "qwen2.block_count"), 77));
        raw(
                "misplaced tensor",
                "blk.0.attn_norm.weight",
                bytes -> GgufDraft.int64(bytes, GgufDraft.after(bytes, "blk.0.attn_norm.weight") + 16, 7));
        raw(
                "removed tensor type",
                "blk.0.attn_norm.weight",
                bytes -> GgufDraft.int32(bytes, GgufDraft.after(bytes, "blk.0.attn_norm.weight") + 12, 4));
    }

    private void architecture() {
        without("general.architecture");
        key("is unknown", "general.architecture", GgufValue.of("qwen9"));
        key("is another real one", "general.architecture", GgufValue.of("llama"));
        key("is a number", "general.architecture", GgufValue.uint32(2));
        key("is a list", "general.architecture", GgufValue.of(GgufArray.ofStrings(List.of("qwen2"))));
        key("is empty", "general.architecture", GgufValue.of(""));
        for (String name : List.of(
                "block_count",
                "context_length",
                "embedding_length",
                "feed_forward_length",
                "attention.head_count",
                "attention.layer_norm_rms_epsilon")) {
            without("qwen2." + name);
            key("is text", "qwen2." + name, GgufValue.of("many"));
        }
    }

    private void numbers() {
        key("is 0", "qwen2.block_count", GgufValue.uint32(0));
        key("beyond llama.cpp's maximum", "qwen2.block_count", GgufValue.uint32(100_000));
        spoil("one layer more than there is", "blk.2.", d -> d.keys.put("qwen2.block_count", GgufValue.uint32(3)));
        key("is 0", "qwen2.context_length", GgufValue.uint32(0));
        key("is 2e9", "qwen2.context_length", GgufValue.uint32(2_000_000_000));
        key("is 0", "qwen2.embedding_length", GgufValue.uint32(0));
        spoil("width twice", "token_embd.weight", d -> d.keys.put("qwen2.embedding_length", GgufValue.uint32(128)));
        key("is 0", "qwen2.attention.head_count", GgufValue.uint32(0));
        key("does not divide the width", "qwen2.attention.head_count", GgufValue.uint32(6));
        key("is an array", "qwen2.attention.head_count", GgufValue.of(GgufArray.ofInts(new int[] {4, 4})));
        key("does not divide the heads", "qwen2.attention.head_count_kv", GgufValue.uint32(3));
        key("exceeds the heads", "qwen2.attention.head_count_kv", GgufValue.uint32(8));
        key("is 0", "qwen2.feed_forward_length", GgufValue.uint32(0));
        key("is negative", "qwen2.feed_forward_length", new GgufValue(GgufType.INT32, -160L));
        key("is beside the tensors", "qwen2.attention.value_length", GgufValue.uint32(8));
        key("is beside the head size", "qwen2.rope.dimension_count", GgufValue.uint32(64));
        key("is beside the width", "qwen2.embedding_length_out", GgufValue.uint32(2));
        key("is NaN", "qwen2.rope.freq_base", GgufValue.float32(Float.NaN));
        key("is 0", "qwen2.rope.freq_base", GgufValue.float32(0));
        key("is unknown", "qwen2.rope.scaling.type", GgufValue.of("spiral"));
        key("is infinite", "qwen2.rope.scaling.factor", GgufValue.float32(Float.POSITIVE_INFINITY));
        key("is NaN", "qwen2.attention.layer_norm_rms_epsilon", GgufValue.float32(Float.NaN));
        key("is negative", "qwen2.attention.layer_norm_rms_epsilon", GgufValue.float32(-1));
        key("without any used", "qwen2.expert_count", GgufValue.uint32(8));
        key("without experts", "qwen2.expert_used_count", GgufValue.uint32(2));
        key("without experts", "qwen2.expert_group_count", GgufValue.uint32(2));
        key("exceeds the layers", "qwen2.nextn_predict_layers", GgufValue.uint32(9));
        key("is false", "qwen2.attention.causal", GgufValue.of(false));
    }

    private List<String> strings(String key) {
        return new ArrayList<>(draft.keys.get(key).asArray("sound.gguf", key).strings());
    }

    private void changed(String name, String key, Consumer<List<String>> change) {
        List<String> values = strings(key);
        change.accept(values);
        key(name, key, GgufValue.of(GgufArray.ofStrings(values)));
    }

    private void vocabulary() {
        without("tokenizer.ggml.model");
        key("is unknown", "tokenizer.ggml.model", GgufValue.of("abacus"));
        spoil(
                "unknown pre-tokenizer",
                "pre-tokenizer type: 'abacus'",
                d -> d.keys.put("tokenizer.ggml.pre", GgufValue.of("abacus")));
        without(TOKENS);
        key("are numbers", TOKENS, GgufValue.of(GgufArray.ofInts(new int[655])));
        key("are one text", TOKENS, GgufValue.of("tokens"));
        changed("hold one twice", TOKENS, tokens -> tokens.set(7, tokens.get(6)));
        changed("hold an empty one", TOKENS, tokens -> tokens.set(7, ""));
        changed("are too few", TOKENS, tokens -> tokens.removeLast());
        changed("are too many", TOKENS, tokens -> tokens.add("<|one more|>"));
        without(MERGES);
        key("are numbers", MERGES, GgufValue.of(GgufArray.ofInts(new int[3])));
        changed("hold one without a space", MERGES, merges -> merges.set(3, "ab"));
        changed("hold one without a second part", MERGES, merges -> merges.set(3, "a "));
        changed("hold an empty one", MERGES, merges -> merges.set(0, ""));
        key("are too few", "tokenizer.ggml.token_type", GgufValue.of(GgufArray.ofInts(new int[10])));
        key("are texts", "tokenizer.ggml.token_type", GgufValue.of(GgufArray.ofStrings(List.of("1"))));
        key("is the vocabulary's size", "tokenizer.ggml.eos_token_id", GgufValue.uint32(655));
        key("is 2^32-1", "tokenizer.ggml.bos_token_id", GgufValue.uint32(-1));
        key("is text", "tokenizer.ggml.padding_token_id", GgufValue.of("<pad>"));
        key("is negative", "tokenizer.ggml.eot_token_id", new GgufValue(GgufType.INT32, -5L));
        key("is too large", "tokenizer.ggml.fim_pre_token_id", GgufValue.uint32(1 << 30));
    }

    private void tensors() {
        for (String name : List.of(
                "token_embd.weight",
                "output_norm.weight",
                "blk.0.attn_norm.weight",
                "blk.1.ffn_norm.weight",
                "blk.0.attn_q.weight",
                "blk.1.ffn_down.weight")) {
            spoil("no " + name, name, d -> d.tensors.remove(name));
        }
        spoil(
                "embedding of another width",
                "token_embd.weight",
                d -> d.zeros("token_embd.weight", GgmlType.F16, 32L, 655L));
        spoil("embedding 1-D", "token_embd.weight", d -> d.zeros("token_embd.weight", GgmlType.F16, 64L));
        spoil(
                "q transposed and cut",
                "blk.0.attn_q.weight",
                d -> d.zeros("blk.0.attn_q.weight", GgmlType.F16, 32L, 64L));
        spoil("k of all heads", "blk.0.attn_k.weight", d -> d.zeros("blk.0.attn_k.weight", GgmlType.F16, 64L, 64L));
        spoil("down 3-D", "blk.1.ffn_down.weight", d -> d.zeros("blk.1.ffn_down.weight", GgmlType.F16, 160L, 64L, 2L));
        spoil("norm too long", "blk.0.ffn_norm.weight", d -> d.zeros("blk.0.ffn_norm.weight", GgmlType.F32, 65L));
        spoil("bias too short", "blk.0.attn_q.bias", d -> d.zeros("blk.0.attn_q.bias", GgmlType.F32, 63L));
        spoil("output of another vocabulary", "output.weight", d -> d.zeros("output.weight", GgmlType.F16, 64L, 654L));
        spoil(
                "misspelt tensor",
                "blk.1.ffn_gate.weight",
                d -> d.rename("blk.1.ffn_gate.weight", "blk.1.ffn_gait.weight"));
    }

    private void tensorTypes() {
        for (GgmlType type : List.of(GgmlType.I8, GgmlType.I16, GgmlType.I32, GgmlType.I64, GgmlType.F64)) {
            spoil("q of type " + type, "blk.0.attn_q.weight", d -> d.zeros("blk.0.attn_q.weight", type, 64L, 64L));
        }
        spoil("embedding of type I32", "token_embd.weight", d -> d.zeros("token_embd.weight", GgmlType.I32, 64L, 655L));
        spoil("norm of type F16", "blk.0.attn_norm.weight", d -> d.zeros("blk.0.attn_norm.weight", GgmlType.F16, 64L));
        spoil("bias of type BF16", "blk.1.attn_v.bias", d -> d.zeros("blk.1.attn_v.bias", GgmlType.BF16, 32L));
        spoil("output norm of type I32", "output_norm.weight", d -> d.zeros("output_norm.weight", GgmlType.I32, 64L));
    }
}
