package org.dndllm.cli;

import picocli.CommandLine.Command;

/** {@code dnd lora}: adapters into other adapters. */
@Command(
        name = "lora",
        mixinStandardHelpOptions = true,
        header = "Make adapters out of adapters: one canonical form, another rank, weighted sums, smaller types.",
        description =
                "Sources and targets are PEFT folders or, where the name says so, .gguf files. Each command reports"
                        + " how far the change of the weights, scale B A, is from that of its sources.",
        footer = {
            "",
            "Examples:",
            "  dnd lora canonicalize downloaded-lora loras/task/theirs --base base.gguf --rank 8 --zero-missing",
            "  dnd lora rank adapter.gguf smaller.gguf --base qwen2.5-0.5b --energy 0.99",
            "  dnd lora blend both.gguf --base qwen2.5-0.5b --lora one.gguf --lora-scaled two.gguf:0.5",
            "  dnd lora quantize adapter small.gguf --base qwen2.5-0.5b --type q8_0",
        },
        subcommands = {
            LoraCanonicalizeCommand.class,
            LoraRankCommand.class,
            BlendCommand.class,
            LoraQuantizeCommand.class,
        })
final class LoraCommand {}
