package org.dndllm.cli.experiment;

import java.util.Optional;

/**
 * How jobs are run.
 *
 * @param seeds generated adapters per task
 * @param items test items per task, 0 for all
 * @param steps of every training instead of the recipe's own
 * @param threads of LibTorch and llama.cpp, 0 for their own choice; no part of a job's identity
 * @param device of the training; no part of a job's identity
 */
public record RunSettings(int seeds, int items, Optional<Integer> steps, int threads, String device) {}
