/**
 * Labelled question files: the sets of the paper in their official JSON (arXiv 2506.16406; layouts in docs/evaluation.md) and
 * any user's JSON, JSONL or CSV, as questions with options and a right answer; and which of them a condition may be drawn
 * from. Knows nothing of models, scoring or reports. What goes wrong without it: the official evaluation draws its
 * conditions from the very file that it scores.
 */
@NullMarked
package org.dndllm.eval.benchmark;

import org.jspecify.annotations.NullMarked;
