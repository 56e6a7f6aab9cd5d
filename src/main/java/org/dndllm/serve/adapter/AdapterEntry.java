package org.dndllm.serve.adapter;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.dndllm.llama.LoraAdapter;

/** A loaded adapter and its users. Guarded by the registry's lock. */
final class AdapterEntry {
    private final int id;
    private final AdapterCard card;
    private final LoraAdapter adapter;
    private final Path folder;
    private final CompletableFuture<Void> freed = new CompletableFuture<>();
    private float globalScale;
    private int users;
    private boolean retired;

    AdapterEntry(int id, AdapterCard card, LoraAdapter adapter, Path folder, float globalScale) {
        this.id = id;
        this.card = card;
        this.adapter = adapter;
        this.folder = folder;
        this.globalScale = globalScale;
    }

    int id() {
        return id;
    }

    AdapterCard card() {
        return card;
    }

    LoraAdapter adapter() {
        return adapter;
    }

    Path folder() {
        return folder;
    }

    float globalScale() {
        return globalScale;
    }

    void globalScale(float scale) {
        globalScale = scale;
    }

    int users() {
        return users;
    }

    void use() {
        users++;
    }

    /** Returns whether it can be freed now. */
    boolean leave() {
        users--;
        return retired && users == 0;
    }

    /** No request gets it any more. Returns whether it can be freed now. */
    boolean retire() {
        retired = true;
        return users == 0;
    }

    /** Completes when its memory is given back. */
    CompletableFuture<Void> freed() {
        return freed;
    }
}
