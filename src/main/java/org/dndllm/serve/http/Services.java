package org.dndllm.serve.http;

import java.time.Instant;
import org.dndllm.llama.LlamaModel;
import org.dndllm.serve.adapter.AdapterGenerators;
import org.dndllm.serve.adapter.AdapterRegistry;
import org.dndllm.serve.adapter.AdapterRoot;
import org.dndllm.serve.adapter.AdapterWorkshop;
import org.dndllm.serve.schedule.Scheduler;

/**
 * What the endpoints work with; closed by whoever made it.
 *
 * @param base name under which the base model is served
 * @param started when the server was
 */
public record Services(
        String base,
        Instant started,
        LlamaModel model,
        Scheduler scheduler,
        AdapterRegistry registry,
        AdapterWorkshop workshop,
        AdapterGenerators generators,
        AdapterRoot root,
        HttpOptions options) {}
