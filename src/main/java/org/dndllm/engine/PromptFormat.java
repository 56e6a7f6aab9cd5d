package org.dndllm.engine;

import java.nio.file.Path;
import java.util.Locale;

/** How a prompt file is written. */
public enum PromptFormat {
    /** Decide by file name; without one (standard input) by the first character: {@code [} JSON, <code>{</code> JSONL. */
    AUTO,
    /** One list of {@code {prompt, response, system}} objects (official), of {@code conversations}, or of strings. */
    JSON,
    /** One JSON object or string per line. */
    JSONL,
    /** Comma-separated, with a header line. */
    CSV,
    /** Tab-separated, with a header line. */
    TSV,
    /** One prompt per line; blank lines are skipped. */
    TEXT;

    static PromptFormat of(Path file) {
        return of(file.getFileName().toString());
    }

    /** The format that the name of a file suggests, {@link #TEXT} if none; an ending {@code .gz} is passed over. */
    public static PromptFormat of(String fileName) {
        String name = fileName.toLowerCase(Locale.ROOT).replaceFirst("\\.gz$", "");
        String extension = name.substring(name.lastIndexOf('.') + 1);
        return switch (extension) {
            case "json" -> JSON;
            case "jsonl", "ndjson" -> JSONL;
            case "csv" -> CSV;
            case "tsv" -> TSV;
            default -> TEXT;
        };
    }

    static PromptFormat sniff(String text) {
        String start = text.stripLeading();
        if (start.startsWith("[")) {
            return JSON;
        }
        return start.startsWith("{") ? JSONL : TEXT;
    }
}
