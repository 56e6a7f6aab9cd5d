package org.dndllm.serve;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.dndllm.engine.EngineOptions;
import org.dndllm.serve.adapter.AdapterLimits;
import org.dndllm.serve.adapter.AdapterRoot;
import org.dndllm.serve.http.HttpOptions;
import org.dndllm.serve.schedule.SchedulerOptions;

/**
 * A server.
 *
 * @param base model file
 * @param alias name under which it is served
 * @param generators bundles, the default one first; may be none
 * @param engine how models run
 * @param scheduler how much runs at once
 * @param store folder that adapters are kept in; empty for one that goes with the server
 * @param root where adapters may be loaded from by path
 * @param limits on adapters
 * @param http where to listen and whom to answer
 */
public record ServeOptions(
        Path base,
        String alias,
        List<Path> generators,
        EngineOptions engine,
        SchedulerOptions scheduler,
        Optional<Path> store,
        AdapterRoot root,
        AdapterLimits limits,
        HttpOptions http) {
    public ServeOptions {
        generators = List.copyOf(generators);
    }
}
