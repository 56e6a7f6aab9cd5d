package org.dndllm.engine;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.dndllm.format.AtomicFile;
import org.dndllm.format.GgmlType;
import org.dndllm.format.JsonWriter;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;

/** A LoRA adapter that came out of a generator, in memory. Immutable, thread-safe. */
public final class GeneratedAdapter {
    private final String name;
    private final LazyWeights weights;
    private final Provenance provenance;

    GeneratedAdapter(String name, LazyWeights weights, Provenance provenance) {
        this.name = name;
        this.weights = weights;
        this.provenance = provenance;
    }

    /**
     * @param name what to call it
     * @param weights A and B of every target module
     * @param provenance where it comes from
     */
    public GeneratedAdapter(String name, LoraWeights weights, Provenance provenance) {
        this(name, LazyWeights.of(weights), provenance);
    }

    /** What to call it. */
    public String name() {
        return name;
    }

    /**
     * A and B of every target module: BF16 as the official code saves them, or, where one graph made the adapter, what
     * remains of that in the type in which it reaches llama.cpp.
     */
    public LoraWeights weights() {
        return weights.get();
    }

    /** Where it comes from. */
    public Provenance provenance() {
        return provenance;
    }

    /** Its GGUF file with tensors of that type, where the generator gave it as one. */
    public Optional<MemorySegment> file(GgmlType type) {
        return weights.file(type);
    }

    /**
     * Writes an adapter folder: PEFT files, {@code adapter.gguf} and {@code dnd.json}. All or nothing: the folder
     * appears whole or not at all.
     *
     * @param folder must not exist yet; with {@code replace} it may be an adapter folder, an empty one included
     * @param effect measured effect to note, if it was measured
     */
    public void save(Path folder, GgmlType ggufType, Optional<Effect> effect, boolean replace) {
        if (replace) {
            AdapterFolder.requireReplaceable(folder);
        }
        AtomicFile.writeFolder(
                folder,
                inside -> {
                    PeftAdapter.fill(inside, weights(), Map.of());
                    GgufAdapter.write(inside.resolve("adapter.gguf"), weights(), ggufType);
                    AtomicFile.writeString(inside.resolve("dnd.json"), JsonWriter.write(provenance.toJson(effect)));
                },
                replace);
    }
}
