/**
 * Files of a Hugging Face hub, fetched into the cache that other programs share: blobs named by their hash, snapshots of
 * links to them, references from revisions to commits. A file becomes visible only when its hash was verified.
 *
 * <p>This is the only package that talks to a network, and only {@link org.dndllm.hub.Hub#pull} does. Knows
 * {@code format} and nothing of models, adapters or native libraries.
 *
 * <p>Sources: the hub's documentation of its cache ({@code manage-cache}) and environment variables, its HTTP API
 * ({@code /api/models}, {@code /resolve} and their {@code X-Repo-Commit} and {@code X-Linked-*} headers), and the
 * behaviour of huggingface_hub 2.4.0, with which the cache is exchanged both ways (docs/pull.md); RFC 9110 for ranges,
 * redirects and {@code Retry-After}.
 */
@NullMarked
package org.dndllm.hub;

import org.jspecify.annotations.NullMarked;
