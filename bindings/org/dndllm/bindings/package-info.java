/**
 * Generated from the C headers of llama.cpp; edited by nobody, seen by {@code org.dndllm.llama} alone.
 *
 * <ul>
 *   <li>llama.cpp v0.5.0 (commit 0ad4a86), ggml 0.25.1
 *   <li>sha256 of include/llama.h: 0199c9f12a5dd4099191a9b508d62ad715212981d181046a0d29750c57dd8694
 *   <li>jextract 23 (openjdk/jextract f9866df, libclang 14.0.6)
 *   <li>{@code jextract -I include -I ggml/include -I tools/mtmd @includes.txt --output bindings -t org.dndllm.bindings
 *       --header-class-name LlamaCpp llama-dnd.h}, and the same with {@code @includes-mtmd.txt}, {@code Mtmd} and {@code
 *       mtmd-dnd.h}
 *   <li>includes and headers: native/jextract; findOrThrow (JDK 23) is rewritten for JDK 22
 * </ul>
 *
 * Repeat with {@code scripts/generate-bindings}.
 */
package org.dndllm.bindings;
