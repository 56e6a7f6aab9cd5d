/**
 * Collection of LoRA checkpoints from task data (arXiv 2506.16406 §3.1, official repository's recipe): labelled task files
 * in, PEFT folders with provenance out. Every task, and within our recipe every seed, is a job of its own that can be
 * killed, resumed and skipped when done.
 */
@NullMarked
package org.dndllm.train.collect;

import org.jspecify.annotations.NullMarked;
