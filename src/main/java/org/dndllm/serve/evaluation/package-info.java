/**
 * {@code /v1/evaluations}: answers of the base model and of loaded adapters to a labelled set, scored. Computes on the
 * server's scheduler, beside everyone else's requests. Knows nothing of HTTP.
 */
@NullMarked
package org.dndllm.serve.evaluation;

import org.jspecify.annotations.NullMarked;
