package org.dndllm.lora;

import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.dndllm.InvalidInputException;
import org.dndllm.format.GgmlType;
import org.dndllm.format.GgufFile;
import org.dndllm.format.GgufTensor;
import org.dndllm.format.GgufType;
import org.dndllm.format.GgufValue;
import org.jspecify.annotations.Nullable;

/**
 * Refuses every adapter that llama.cpp v0.5.0 would abort on, crash on or keep silent about, before it gets near native
 * code. Source: {@code llama-adapter.cpp: llama_adapter_lora_init_impl}, {@code llama-graph.cpp: build_lora_mm,
 * build_inp_embd}, and runs of each case against the library.
 */
final class AdapterCheck {
    private static final String A = ".lora_a";
    private static final String B = ".lora_b";
    /** The types that were run through llama.cpp's LoRA path; I8, I32 and F64 crash in it. */
    private static final Set<GgmlType> TYPES = EnumSet.of(GgmlType.F32, GgmlType.F16, GgmlType.BF16, GgmlType.Q8_0);
    /** Far above any scale in use, low enough that finite weights cannot overflow the product with activations. */
    static final float LARGEST_SCALE = 65_536;

    private final GgufFile adapter;
    private final BaseTensors base;

    private static final class Pair {
        @Nullable
        GgufTensor a;

        @Nullable
        GgufTensor b;
    }

    AdapterCheck(GgufFile adapter, BaseTensors base) {
        this.adapter = adapter;
        this.base = base;
    }

    AdapterSummary run() {
        float alpha = metadata();
        int lowest = Integer.MAX_VALUE;
        int highest = 0;
        boolean outer = false;
        long parameters = 0;
        EnumSet<TargetModule> modules = EnumSet.noneOf(TargetModule.class);
        EnumSet<GgmlType> types = EnumSet.noneOf(GgmlType.class);
        Map<String, Pair> pairs = pairs();
        for (Map.Entry<String, Pair> entry : pairs.entrySet()) {
            GgufTensor a = present(entry.getValue().a, entry.getKey(), A);
            GgufTensor b = present(entry.getValue().b, entry.getKey(), B);
            int rank = rank(entry.getKey(), a, b);
            scale(alpha, rank);
            lowest = Math.min(lowest, rank);
            highest = Math.max(highest, rank);
            parameters += a.elements() + b.elements();
            types.add(a.type());
            types.add(b.type());
            ModuleName.parse(entry.getKey()).ifPresent(name -> modules.add(name.module()));
            outer |= ModuleName.parse(entry.getKey()).isEmpty();
        }
        // Last, because it alone reads the data: whatever is wrong with the header is said first and at once.
        for (GgufTensor tensor : adapter.tensors()) {
            FiniteScan.require(adapter.source(), tensor);
        }
        return new AdapterSummary(
                base.architecture(), alpha, lowest, highest, pairs.size(), modules, outer, types, parameters);
    }

    private float metadata() {
        text("general.type", "adapter", "choose a LoRA adapter; a base model is loaded as such");
        text("adapter.type", "lora", "other kinds of adapters are not supported");
        text("general.architecture", base.architecture(), "the adapter was made for another kind of base model");
        for (String key : adapter.metadata().keySet()) {
            if (key.startsWith("adapter.alora.")) {
                throw bad(key, "marks an activated LoRA, which acts only after certain tokens; use an ordinary LoRA");
            }
        }
        if (adapter.findInteger("split.count").orElse(1L) > 1) {
            throw bad(
                    "split.count",
                    "says that this is a part of an adapter, of which llama.cpp would read no other;"
                            + " join the parts with llama-gguf-split --merge");
        }
        GgufValue alpha = adapter.find(GgufAdapter.ALPHA_KEY)
                .orElseThrow(
                        () -> bad(
                                GgufAdapter.ALPHA_KEY,
                                "is missing, and llama.cpp would then take scale 1 whatever the rank; convert the adapter again"));
        if (alpha.type() != GgufType.FLOAT32 || !(alpha.value() instanceof Float value)) {
            throw bad(
                    GgufAdapter.ALPHA_KEY,
                    "is of type " + alpha.type() + "; expected FLOAT32; convert the adapter again");
        }
        if (!Float.isFinite(value) || value == 0) {
            throw bad(
                    GgufAdapter.ALPHA_KEY,
                    "is " + value + "; expected a finite number other than 0, which llama.cpp reads as scale 1");
        }
        return value;
    }

    private void text(String key, String expected, String otherwise) {
        String found = adapter.string(key);
        if (!found.equals(expected)) {
            throw bad(key, "is '" + found + "'; expected '" + expected + "'; " + otherwise);
        }
    }

    private Map<String, Pair> pairs() {
        Map<String, Pair> pairs = new LinkedHashMap<>();
        for (GgufTensor tensor : adapter.tensors()) {
            String name = tensor.name();
            if (name.endsWith(A)) {
                pairs.computeIfAbsent(name.substring(0, name.length() - A.length()), key -> new Pair()).a = tensor;
            } else if (name.endsWith(B)) {
                pairs.computeIfAbsent(name.substring(0, name.length() - B.length()), key -> new Pair()).b = tensor;
            } else if (name.endsWith("_norm.weight")) {
                throw bad(
                        name, "is a norm, which llama.cpp skips in silence; convert an adapter of linear modules only");
            } else {
                throw bad(name, "is neither a .lora_a nor a .lora_b tensor; expected pairs of those only");
            }
        }
        if (pairs.isEmpty()) {
            throw bad("tensors", "there are none, so the adapter would change nothing; convert it again");
        }
        return pairs;
    }

    private GgufTensor present(@Nullable GgufTensor tensor, String name, String suffix) {
        if (tensor == null) {
            throw bad(name + suffix, "is missing beside its other half; the adapter is incomplete");
        }
        return tensor;
    }

    /** Checks one pair against the weight it is for; returns its rank. */
    private int rank(String name, GgufTensor a, GgufTensor b) {
        BaseTensors.Matrix weight = base.find(name).orElseThrow(() -> bad(a.name(), whyUnknown(name)));
        for (GgufTensor tensor : List.of(a, b)) {
            if (!TYPES.contains(tensor.type())) {
                throw bad(tensor.name(), "is of type " + tensor.type() + "; expected F32, F16, BF16 or Q8_0");
            }
            if (tensor.dims().size() != 2) {
                throw bad(tensor.name(), "has shape " + tensor.dims() + "; expected 2 dimensions");
            }
        }
        // The embedding is looked up by rows, so its A lies transposed: [r, vocabulary] (llama-graph.cpp:
        // build_inp_embd).
        boolean embedding = name.equals(BaseTensors.EMBEDDING);
        long aLength = a.dims().get(embedding ? 1 : 0);
        long rank = a.dims().get(embedding ? 0 : 1);
        long aExpected = embedding ? weight.rows() : weight.columns();
        long bExpected = embedding ? weight.columns() : weight.rows();
        if (aLength != aExpected) {
            throw bad(
                    a.name(),
                    "has shape " + a.dims() + ", but " + name + " asks for " + aExpected + "; wrong base model?");
        }
        if (b.dims().get(1) != bExpected) {
            throw bad(
                    b.name(),
                    "has shape " + b.dims() + ", but " + name + " asks for " + bExpected + "; wrong base model?");
        }
        if (b.dims().get(0) != rank) {
            throw bad(
                    b.name(),
                    "has rank " + b.dims().get(0) + ", but its lora_a has rank " + rank + "; expected the same");
        }
        long most = Math.max(weight.columns(), weight.rows());
        if (rank < 1 || rank > most) {
            throw bad(
                    a.name(),
                    "has rank " + rank + "; expected 1 to " + most + ", beyond which a full matrix is smaller");
        }
        return (int) rank;
    }

    private String whyUnknown(String name) {
        boolean outer = name.equals(BaseTensors.EMBEDDING) || name.equals(BaseTensors.OUTPUT);
        if (outer && base.tiedEmbeddings()) {
            return "touches the embedding or output, which this base model ties together: llama.cpp would apply it to both "
                    + "and abort; train without embed_tokens and lm_head";
        }
        if (ModuleName.parse(name).isPresent()) {
            return "touches a layer that the base model does not have; wrong base model?";
        }
        return "touches no weight that llama.cpp adapts (q, k, v, o, up, gate, down; embedding and output when untied)";
    }

    private void scale(float alpha, int rank) {
        float scale = Math.abs(alpha / rank);
        if (!(scale <= LARGEST_SCALE) || scale < Float.MIN_NORMAL) {
            throw bad(
                    GgufAdapter.ALPHA_KEY,
                    "is " + alpha + ", so the scale alpha / " + rank + " is " + alpha / rank
                            + "; expected a magnitude up to " + LARGEST_SCALE);
        }
    }

    private InvalidInputException bad(String field, String problem) {
        return new InvalidInputException(adapter.source(), field, problem);
    }
}
