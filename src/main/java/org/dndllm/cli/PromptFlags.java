package org.dndllm.cli;

import java.nio.file.Path;
import java.util.Optional;
import org.dndllm.engine.PromptFormat;
import org.dndllm.engine.PromptReader;
import org.dndllm.engine.PromptSet;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where the prompts come from. */
final class PromptFlags {
    @Option(
            names = "--prompts",
            paramLabel = "FILE",
            required = true,
            description = "Unlabelled prompts: official JSON, JSONL, CSV, TSV or text; - for standard input.")
    private String file = "-";

    @Option(
            names = "--format",
            paramLabel = "F",
            defaultValue = "auto",
            description = "auto, json, jsonl, csv, tsv, text. Default: ${DEFAULT-VALUE}, by the file name.")
    private PromptFormat format = PromptFormat.AUTO;

    @Option(names = "--column", paramLabel = "NAME", description = "JSON field or table column that holds the prompt.")
    private @Nullable String column;

    PromptSet read() {
        Optional<String> name = Optional.ofNullable(column);
        return file.equals("-")
                ? PromptReader.read(System.in, "<stdin>", format, name)
                : PromptReader.read(Path.of(file), format, name);
    }
}
