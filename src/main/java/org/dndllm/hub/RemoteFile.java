package org.dndllm.hub;

/**
 * What the hub says of a file at a commit.
 *
 * @param name path in the repository
 * @param hash hash of its content
 * @param size bytes
 */
record RemoteFile(String name, ContentHash hash, long size) {}
