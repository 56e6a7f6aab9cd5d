/**
 * Stand-ins for models that are not at hand: files of the right format, shape and names whose weights are random, each
 * marked as such ({@code dnd.synthetic = true}). Everything is a function of its arguments and a seed: the same bytes on
 * every JDK and machine. For tests, and for speed and memory measurements.
 *
 * <p>Follows llama.cpp's converter for names and metadata of Qwen2 models, and OpenAI's GPT-2 byte alphabet with Qwen2's
 * pre-tokeniser expression for vocabularies. Knows nothing of native libraries.
 */
@NullMarked
package org.dndllm.synth;

import org.jspecify.annotations.NullMarked;
