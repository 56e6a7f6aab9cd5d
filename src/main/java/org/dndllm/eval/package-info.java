/**
 * How good an adapter is, beside everything that it must be compared with: task folders with their split discipline,
 * batched greedy decoding, controls, intervals, reports and plots. Stands on {@code engine} and what lies below; knows
 * nothing of the command line, HTTP or training. What goes wrong without it: arXiv 2506.16406 compares with the mean of
 * the training LoRAs only, and samples where it should decode greedily.
 */
@NullMarked
package org.dndllm.eval;

import org.jspecify.annotations.NullMarked;
