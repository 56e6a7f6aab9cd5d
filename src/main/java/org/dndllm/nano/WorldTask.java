package org.dndllm.nano;

import java.util.Optional;

/**
 * A task of the world.
 *
 * @param name stem of its file names
 * @param role what it is for
 * @param combination its rule; empty outside the space
 */
public record WorldTask(String name, Role role, Optional<Combination> combination) {}
