package org.dndllm.hub;

import java.nio.file.Path;

/**
 * A file that a pull made sure of.
 *
 * @param name path in the repository
 * @param path where it is now
 * @param bytes its size
 * @param downloaded whether it had to be fetched
 */
public record PulledFile(String name, Path path, long bytes, boolean downloaded) {}
