package org.dndllm.nano;

/**
 * Two different sentences that share their topic, their manner, or both. Groups are numbered so that a contrastive loss
 * can leave out false negatives.
 *
 * @param first one sentence
 * @param second the other
 * @param firstTopic topic of the first, 0 to 7
 * @param firstManner manner of the first, 0 to 5
 * @param secondTopic topic of the second
 * @param secondManner manner of the second
 */
public record ContrastivePair(
        String first, String second, int firstTopic, int firstManner, int secondTopic, int secondManner) {}
