package org.dndllm.engine;

import org.dndllm.llama.LlamaModel;

/**
 * One bad input and the front door it is handed to.
 *
 * @param kind which door
 * @param name what is wrong with it
 * @param source what the message must name: the file, or the adapter's name
 * @param field what else the message must name
 */
record MalformedInput(String kind, String name, String source, String field, Door door) {
    /** A public entry point of the product, with the input bound to it. */
    @FunctionalInterface
    interface Door {
        void open(LlamaModel live);
    }

    @Override
    public String toString() {
        return kind + ": " + name;
    }
}
