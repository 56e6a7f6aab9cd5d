/**
 * Does a generator generate, or does it recall? Whether conditions of different tasks can be told apart, where generated
 * changes of weights lie among those of trained LoRAs, and what is wrong with a broken adapter. The question is that of
 * B. Zeng et al., arXiv 2506.07998: generators of classifiers mostly reproduce or mix what they were trained on.
 */
@NullMarked
package org.dndllm.eval.diagnosis;

import org.jspecify.annotations.NullMarked;
