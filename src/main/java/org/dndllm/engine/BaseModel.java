package org.dndllm.engine;

import org.dndllm.lora.BaseShape;

/**
 * A base model as far as a generator bundle needs it: no weights.
 *
 * @param source the file or size by which the user named it, for errors
 * @param shape decides names and shapes of adapters
 * @param identity what a bundle says of it
 */
public record BaseModel(String source, BaseShape shape, BundleManifest.Base identity) {}
