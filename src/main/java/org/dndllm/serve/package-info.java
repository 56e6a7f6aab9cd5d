/**
 * {@code dnd serve}: an OpenAI-compatible server that loads, generates and swaps adapters while it answers. May see
 * {@code engine}, {@code eval} and what lies below; nothing else sees the HTTP server of the JDK.
 */
@NullMarked
package org.dndllm.serve;

import org.jspecify.annotations.NullMarked;
