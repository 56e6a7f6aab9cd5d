package org.dndllm.train.collect;

/**
 * A labelled example of the official data format.
 *
 * @param prompt what the user says
 * @param response the answer to learn, not blank
 * @param system instruction, possibly empty
 */
public record TaskItem(String prompt, String response, String system) {
    /** What makes two items the same question. */
    String question() {
        return system + '\0' + prompt;
    }
}
