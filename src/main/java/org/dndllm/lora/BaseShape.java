package org.dndllm.lora;

/** Sizes of a base model. */
public record BaseShape(
        String architecture,
        int layers,
        int hidden,
        int heads,
        int kvHeads,
        int headDim,
        int intermediate,
        int vocab,
        boolean tiedEmbeddings) {}
