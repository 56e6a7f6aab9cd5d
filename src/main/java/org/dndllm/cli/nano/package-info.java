/**
 * How the nano set is made from nothing, as stages that each keep their own folder and can be interrupted at any moment:
 * world, vocabulary, base model, encoder, adapters, and the copy that ships. {@code docs/nano.md} has the design.
 *
 * <p>Knows what the stages make, not how training works; that is {@code org.dndllm.train}'s.
 */
@NullMarked
package org.dndllm.cli.nano;

import org.jspecify.annotations.NullMarked;
