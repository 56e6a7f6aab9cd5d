package org.dndllm.serve.adapter;

import java.util.Optional;

/**
 * Under which name and circumstances new weights are taken.
 *
 * @param replace whether they may take the place of an adapter of this name
 * @param expectedGeneration the one to replace; empty for any
 */
public record AdapterPublication(String name, boolean replace, Optional<String> expectedGeneration) {
    public AdapterPublication {
        AdapterName.require(name);
    }
}
