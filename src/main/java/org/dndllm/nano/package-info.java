/**
 * The text of the nano world: a compositional space of small tasks, its data in the official format, and the texts from
 * which the nano base model and the nano encoder learn. {@code docs/nano.md} has the design and its reasoning.
 *
 * <p>Everything is a function of a {@link org.dndllm.nano.WorldSpec}: the same bytes on every machine. Knows text and
 * vocabularies only; no model, no native library.
 */
@NullMarked
package org.dndllm.nano;

import org.jspecify.annotations.NullMarked;
