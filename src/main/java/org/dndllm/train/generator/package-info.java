/**
 * Training of generators: prompts of many tasks in, an ONNX graph out that turns a task's prompts into an adapter. By
 * regression to collected checkpoints (arXiv 2506.16406 §3), end to end through the frozen base model, or both. Letters: G
 * tasks of a step, N prompts, L positions, C channels, T tokens of R rows and W columns, S items.
 */
@NullMarked
package org.dndllm.train.generator;

import org.jspecify.annotations.NullMarked;
