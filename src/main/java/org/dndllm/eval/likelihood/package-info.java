/**
 * Multiple choice by log-likelihood: how probable a model finds each of a question's answers, instead of what it writes. Needs
 * no parser, so a model that knows the answer but not the format is not counted as wrong. Knows {@code llama} and the
 * progress of {@code engine}; nothing of files, answers' labels or reports. The protocol is the usual one of language model
 * evaluation: sum of the log-probabilities of the answer's tokens, also by token and by byte.
 */
@NullMarked
package org.dndllm.eval.likelihood;

import org.jspecify.annotations.NullMarked;
