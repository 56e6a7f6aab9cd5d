package org.dndllm.cli;

import picocli.CommandLine.Command;

/** {@code dnd bench}: measurements; each prints what it ran on and, with {@code --json}, one object. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        header = "Measure on this machine: the whole chain, generator, adapter loading, decode loop, memory over many"
                + " adapters, server, generating against training, scoring.",
        description = "Inputs are random, never zeros. scripts/bench runs all but training on a 0.5B-shape" + " model.",
        footer = {
            "",
            "Examples:",
            "  dnd bench chain",
            "  dnd bench chain --preset qwen2.5-0.5b --save before.json",
            "  dnd bench compare before.json after.json",
            "  dnd bench synthesize qwen2.5-0.5b target/bench/0.5b-q8_0.gguf --vocabulary qwen2.5-tokenizer-folder",
            "  dnd bench generator --generator speed -m target/bench/0.5b-q8_0.gguf",
            "  dnd bench adapter -m target/bench/0.5b-q8_0.gguf --c-loop native/bench/run-adapter",
            "  dnd bench decode -m target/bench/0.5b-q8_0.gguf --c-loop native/bench/run --pairs 5",
            "  dnd bench soak --rounds 1000",
            "  dnd bench serve",
            "  dnd bench training",
            "  dnd bench likelihood",
        },
        subcommands = {
            BenchChain.class,
            BenchCompare.class,
            BenchSynthesize.class,
            BenchGenerator.class,
            BenchAdapter.class,
            BenchDecode.class,
            BenchSoak.class,
            BenchServe.class,
            BenchServeSoak.class,
            BenchTraining.class,
            BenchLikelihood.class,
        })
final class BenchCommand {}
