/**
 * The adapters of a running server by name: loaded from files or generated, measured, stored, leased to requests, replaced
 * and unloaded while others run. Every set of weights has a generation of its own that never changes. Knows nothing of
 * HTTP.
 */
@NullMarked
package org.dndllm.serve.adapter;

import org.jspecify.annotations.NullMarked;
