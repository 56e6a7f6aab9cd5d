/**
 * Continuous batching without HTTP: many generations over the contexts of one model, each context serving one adapter set
 * at a time. Everything native happens in one loop on one native thread ({@link org.dndllm.llama.ContextThread}); callers
 * hand in requests and take events. Knows nothing of adapters' names, files or the network.
 */
@NullMarked
package org.dndllm.serve.schedule;

import org.jspecify.annotations.NullMarked;
