package org.dndllm.nano;

/** A prompt and its answer: an item of a task, or a turn of a document. */
public record Turn(String prompt, String response) {}
