package org.dndllm.llama;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What was made from a model and is not closed yet. Thread-safe. */
final class ModelChildren {
    private final String model;
    private final Set<LlamaContext> contexts = new LinkedHashSet<>();
    private final Set<SamplerChain> samplers = new LinkedHashSet<>();
    private final Set<VisionProjector> projectors = new LinkedHashSet<>();
    private final Set<LoraAdapter> adapters = new LinkedHashSet<>();
    private boolean closing;

    /** @param model for messages */
    ModelChildren(String model) {
        this.model = model;
    }

    LlamaContext add(LlamaContext context) {
        return add(contexts, context);
    }

    SamplerChain add(SamplerChain sampler) {
        return add(samplers, sampler);
    }

    VisionProjector add(VisionProjector projector) {
        return add(projectors, projector);
    }

    LoraAdapter add(LoraAdapter adapter) {
        return add(adapters, adapter);
    }

    /** One that comes too late is closed at once, outside of the lock, which its end takes itself. */
    private <T extends AutoCloseable> T add(Set<T> children, T child) {
        synchronized (this) {
            if (closing == false) {
                children.add(child);
                return child;
            }
        }
        try {
            child.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
        throw new IllegalStateException(model + " was closed meanwhile");
    }

    synchronized void forget(AutoCloseable child) {
        contexts.remove(child);
        samplers.remove(child);
        projectors.remove(child);
        adapters.remove(child);
    }

    /** Adapters, oldest first. */
    synchronized List<LoraAdapter> adapters() {
        return List.copyOf(adapters);
    }

    /**
     * Ends all of them: contexts (waiting for a decode in progress, which is cancelled), then samplers, image encoders, adapters.
     *
     * @return false if that was done or begun before
     */
    boolean close() {
        List<LlamaContext> openContexts;
        List<SamplerChain> openSamplers;
        List<VisionProjector> openProjectors;
        List<LoraAdapter> openAdapters;
        synchronized (this) {
            if (closing) {
                return false;
            }
            closing = true;
            openContexts = List.copyOf(contexts);
            openSamplers = List.copyOf(samplers);
            openProjectors = List.copyOf(projectors);
            openAdapters = List.copyOf(adapters);
        }
        openContexts.forEach(LlamaContext::close);
        openSamplers.forEach(SamplerChain::close);
        openProjectors.forEach(VisionProjector::close);
        openAdapters.forEach(LoraAdapter::close);
        return true;
    }
}
