package org.dndllm.cli;

import picocli.CommandLine.Command;

/** {@code dnd extractor}: other sources of conditions. */
@Command(
        name = "extractor",
        mixinStandardHelpOptions = true,
        header = "Make another encoder for conditions: static vectors, an encoder-decoder's states, a base model's.",
        description = {
            "A generator is trained on the states of whatever encoder dnd train --encoder names, and its bundle carries that"
                    + " encoder. The shipped one is a Sentence-BERT; these are the others that arXiv 2506.16406 Table 4b"
                    + " compares it with. Whether their conditions can be told apart, dnd diagnose says of a bundle, and"
                    + " dnd experiment extractor of all four.",
        },
        footer = {
            "",
            "Examples:",
            "  dnd extractor base -m base.gguf --save-to own-states",
            "  dnd train tasks --save-to bundle -m base.gguf --encoder own-states",
            "  dnd diagnose --conditions --generator bundle --tasks tasks",
        },
        subcommands = {
            ExtractorStaticCommand.class,
            ExtractorDenoiseCommand.class,
            ExtractorBaseCommand.class,
        })
final class ExtractorCommand {}
