/**
 * Experiments on the nano world as declared tables of jobs. A job trains one generator and evaluates it; its folder is
 * shared by all experiments that name it, and can be interrupted at any moment.
 *
 * <p>Knows which flags {@code dnd train} and {@code dnd eval} get, not how they work; statistics are {@code
 * org.dndllm.eval}'s.
 */
@NullMarked
package org.dndllm.cli.experiment;

import org.jspecify.annotations.NullMarked;
