package org.dndllm.cli;

import java.nio.file.Path;
import org.dndllm.engine.PromptSet;

/**
 * What {@code dnd bench chain} measures.
 *
 * @param base the base model's file
 * @param baseSha256 its hash
 * @param bundle the generator's folder
 * @param prompts of the task
 * @param rounds adapters that are generated, seed 1 and on, after one of seed 0 that warms up
 * @param pairs turns of base model and adapter
 * @param promptTokens of the prompt before the first token
 * @param tokens generated in each turn
 */
record ChainPlan(
        Path base,
        String baseSha256,
        Path bundle,
        PromptSet prompts,
        int rounds,
        int pairs,
        int promptTokens,
        int tokens) {}
