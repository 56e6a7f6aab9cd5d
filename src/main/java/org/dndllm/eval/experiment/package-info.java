/**
 * Experiments that need no training: jobs that answer the test items of tasks under one condition, measured with their
 * cost and kept as files, so that an interrupted table goes on where it stopped. Which jobs there are is declared by the
 * caller; what their results mean is {@code org.dndllm.eval.report}'s.
 */
@NullMarked
package org.dndllm.eval.experiment;

import org.jspecify.annotations.NullMarked;
