/** Tests between conditions. Pure arithmetic on hits and p values; knows nothing of models or files. */
@NullMarked
package org.dndllm.eval.statistics;

import org.jspecify.annotations.NullMarked;
