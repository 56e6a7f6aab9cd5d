/**
 * Root of DnD for the JVM: the exception tree that every package shares, named by what a caller can do about it.
 * The method is <em>Drag-and-Drop LLMs</em>, arXiv 2506.16406.
 */
@NullMarked
package org.dndllm;

import org.jspecify.annotations.NullMarked;
