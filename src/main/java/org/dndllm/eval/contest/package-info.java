/**
 * {@code dnd score}: the base model and adapters answer the same labelled questions, and every way of scoring has a column
 * of its own, so that a reader sees how much of a difference is knowledge and how much is format. Joins {@code
 * eval.benchmark} (questions), {@code eval.likelihood} and {@code eval.score} (scorers); knows nothing of files of adapters,
 * of generators or of the terminal. What goes wrong without it: one scorer's number is taken for the task's.
 */
@NullMarked
package org.dndllm.eval.contest;

import org.jspecify.annotations.NullMarked;
