package org.dndllm.engine;

import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import tools.jackson.databind.JsonNode;

/**
 * Reads prompt files: the official JSON ({@code spec}: list of {@code prompt, response, system}), JSONL, CSV, TSV, plain
 * text, standard input. {@link RecordReader} says what of a file is refused.
 */
public final class PromptReader implements RecordVisitor {
    /** Larger files are refused. */
    public static final long MAX_BYTES = RecordReader.MAX_BYTES;

    /**
     * Fields and columns that hold a question, the first that is there; the last three are those of MATH, LiveCodeBench and
     * HellaSwag.
     */
    public static final List<String> FIELDS =
            List.of("prompt", "question", "input", "instruction", "text", "problem", "question_content", "ctx");

    private final String source;
    private final Optional<String> column;
    private final List<String> prompts = new ArrayList<>();
    private Optional<String> tableColumn = Optional.empty(); // set by the header of a table

    private PromptReader(String source, Optional<String> column) {
        this.source = source;
        this.column = column;
    }

    /** Reads a file in the format that its name suggests. */
    public static PromptSet read(Path file) {
        return read(file, PromptFormat.AUTO, Optional.empty());
    }

    /**
     * Reads a file.
     *
     * @param column the JSON field or CSV column that holds the prompt; empty: the first of {@link #FIELDS} that is there
     * @throws InvalidInputException if the file is absent, too large, not UTF-8, not of that format, or has no prompt
     */
    public static PromptSet read(Path file, PromptFormat format, Optional<String> column) {
        PromptReader reader = new PromptReader(file.toString(), column);
        RecordReader.read(file, format, reader);
        return new PromptSet(reader.source, reader.prompts);
    }

    /** Reads a stream to its end, standard input for instance; {@link PromptFormat#AUTO} looks at the first character. */
    public static PromptSet read(InputStream in, String source, PromptFormat format, Optional<String> column) {
        PromptReader reader = new PromptReader(source, column);
        RecordReader.read(in, source, format, reader);
        return new PromptSet(source, reader.prompts);
    }

    @Override
    public void header(List<String> columns) {
        tableColumn = Optional.of(promptColumn(columns));
    }

    @Override
    public void record(String place, JsonNode value) {
        prompts.add(tableColumn.map(name -> cell(value, name, place)).orElseGet(() -> prompt(value, place)));
    }

    private String cell(JsonNode row, String name, String place) {
        JsonNode value = row.get(name);
        if (value == null) {
            throw new InvalidInputException(source, place, "has no value in column '" + name + "'");
        }
        return value.asString();
    }

    private String prompt(JsonNode item, String place) {
        if (item.isString()) {
            return item.asString();
        }
        if (!item.isObject()) {
            throw new InvalidInputException(source, place, "must be an object with a prompt, or a string");
        }
        for (String name : column.map(List::of).orElse(FIELDS)) {
            JsonNode value = item.get(name);
            if (value != null) {
                return string(value, place + ", field " + name);
            }
        }
        JsonNode turns = item.get("conversations"); // the official multimodal layout
        if (column.isEmpty() && turns != null && turns.isArray() && !turns.isEmpty()) {
            JsonNode value = turns.get(0).get("value");
            if (value != null) {
                return string(value, place + ", field conversations[0].value");
            }
        }
        throw new InvalidInputException(
                source,
                place,
                column.map(name -> "has no field '" + name + "'").orElse("has none of the fields " + FIELDS)
                        + "; name the one that holds the prompt");
    }

    private String string(JsonNode value, String place) {
        if (!value.isString()) {
            throw new InvalidInputException(source, place, "must be a string, is " + value.getNodeType());
        }
        return value.asString();
    }

    private String promptColumn(List<String> header) {
        if (column.isPresent()) {
            if (!header.contains(column.get())) {
                throw new InvalidInputException(
                        source, "header", "has no column '" + column.get() + "'; it has " + header);
            }
            return column.get();
        }
        Optional<String> known = FIELDS.stream().filter(header::contains).findFirst();
        if (known.isPresent()) {
            return known.get();
        }
        if (header.size() == 1) {
            return header.getFirst();
        }
        throw new InvalidInputException(
                source,
                "header",
                "none of " + header + " is a known prompt column; name the one that holds the prompt");
    }
}
