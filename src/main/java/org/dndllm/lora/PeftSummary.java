package org.dndllm.lora;

/**
 * What {@link PeftAdapter#check} found in a folder.
 *
 * @param rank r
 * @param alpha such that the scale is alpha / rank, whatever the file's own rule
 * @param pairs of A [r, in] and B [out, r]
 */
public record PeftSummary(int rank, float alpha, int pairs) {}
