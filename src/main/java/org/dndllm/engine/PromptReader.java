package org.dndllm.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.apache.commons.csv.DuplicateHeaderMode;
import org.dndllm.InvalidInputException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Reads prompt files: the official JSON ({@code spec}: list of {@code prompt, response, system}), JSONL, CSV, TSV, plain
 * text, standard input. UTF-8 only, a byte-order mark is skipped. Every refusal names the file and the line or item.
 */
public final class PromptReader {
    /** Larger files are refused: a condition reads at most a few hundred prompts of them. */
    public static final long MAX_BYTES = 512L << 20;

    private static final List<String> COLUMNS = List.of("prompt", "question", "input", "instruction", "text");
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final String source;
    private final Optional<String> column;

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
     * @param column the JSON field or CSV column that holds the prompt; empty: {@code prompt}, {@code question},
     *     {@code input}, {@code instruction}, {@code text}, whichever comes first
     * @throws InvalidInputException if the file is absent, too large, not UTF-8, not of that format, or has no prompt
     */
    public static PromptSet read(Path file, PromptFormat format, Optional<String> column) {
        String source = file.toString();
        try {
            if (Files.isDirectory(file)) {
                throw new InvalidInputException(source, "file", "is a folder; name a prompt file inside it");
            }
            if (Files.size(file) > MAX_BYTES) {
                throw new InvalidInputException(
                        source, "size", Files.size(file) + " bytes, at most " + MAX_BYTES + "; give a smaller sample");
            }
            PromptFormat actual = format == PromptFormat.AUTO ? PromptFormat.of(file) : format;
            return new PromptReader(source, column).parse(Files.readAllBytes(file), actual);
        } catch (NoSuchFileException e) {
            throw new InvalidInputException(source, "file", "does not exist; check the path", e);
        } catch (IOException e) {
            throw new InvalidInputException(source, "file", "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** Reads a stream to its end, standard input for instance; {@link PromptFormat#AUTO} looks at the first character. */
    public static PromptSet read(InputStream in, String source, PromptFormat format, Optional<String> column) {
        try {
            byte[] bytes = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, MAX_BYTES + 1));
            if (bytes.length > MAX_BYTES) {
                throw new InvalidInputException(source, "size", "more than " + MAX_BYTES + " bytes; give a sample");
            }
            return new PromptReader(source, column).parse(bytes, format);
        } catch (IOException e) {
            throw new InvalidInputException(source, "stream", "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private PromptSet parse(byte[] bytes, PromptFormat format) {
        String text = decode(bytes);
        PromptFormat actual = format == PromptFormat.AUTO ? PromptFormat.sniff(text) : format;
        List<String> prompts = switch (actual) {
            case JSON -> json(text);
            case JSONL -> jsonLines(text);
            case CSV -> table(text, CSVFormat.RFC4180);
            case TSV -> table(text, CSVFormat.TDF);
            case TEXT, AUTO -> lines(text);
        };
        return new PromptSet(source, prompts);
    }

    private String decode(byte[] bytes) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(in)
                    .toString();
            return text.startsWith("\uFEFF") ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            int line = 1;
            for (int i = 0; i < in.position(); i++) {
                line += bytes[i] == '\n' ? 1 : 0;
            }
            throw new InvalidInputException(
                    source,
                    "line " + line,
                    "byte " + in.position() + " is not valid UTF-8; convert the file (iconv -t UTF-8)",
                    e);
        }
    }

    private List<String> json(String text) {
        JsonNode root = tree(text, "JSON");
        if (root == null || !root.isArray()) {
            throw new InvalidInputException(
                    source, "JSON", "the top level must be a list of {\"prompt\": ...} objects or of strings");
        }
        List<String> prompts = new ArrayList<>(root.size());
        for (JsonNode item : root) {
            prompts.add(prompt(item, "item " + (prompts.size() + 1)));
        }
        return prompts;
    }

    private List<String> jsonLines(String text) {
        List<String> prompts = new ArrayList<>();
        int number = 0;
        for (String line : (Iterable<String>) text.lines()::iterator) {
            number++;
            if (!line.isBlank()) {
                String place = "line " + number;
                prompts.add(prompt(tree(line, place), place));
            }
        }
        return prompts;
    }

    private JsonNode tree(String text, String place) {
        try {
            return JSON.readTree(text);
        } catch (JacksonException e) {
            String where = e.getLocation() == null
                    ? ""
                    : " (line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr() + ")";
            throw new InvalidInputException(
                    source, place, "is not valid JSON" + where + ": " + e.getOriginalMessage(), e);
        }
    }

    private String prompt(JsonNode item, String place) {
        if (item.isString()) {
            return item.asString();
        }
        if (!item.isObject()) {
            throw new InvalidInputException(source, place, "must be an object with a prompt, or a string");
        }
        for (String name : column.map(List::of).orElse(COLUMNS)) {
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
                column.map(name -> "has no field '" + name + "'").orElse("has none of the fields " + COLUMNS)
                        + "; name the one that holds the prompt with --column");
    }

    private String string(JsonNode value, String place) {
        if (!value.isString()) {
            throw new InvalidInputException(source, place, "must be a string, is " + value.getNodeType());
        }
        return value.asString();
    }

    private List<String> table(String text, CSVFormat dialect) {
        CSVFormat format = dialect.builder()
                .setHeader()
                .setSkipHeaderRecord(true)
                .setDuplicateHeaderMode(DuplicateHeaderMode.DISALLOW)
                .setIgnoreEmptyLines(true)
                .get();
        List<String> prompts = new ArrayList<>();
        try (CSVParser parser = format.parse(new StringReader(text))) {
            String name = promptColumn(parser.getHeaderNames());
            for (CSVRecord row : parser) {
                if (!row.isSet(name)) {
                    throw new InvalidInputException(
                            source, "record " + row.getRecordNumber(), "has no value in column '" + name + "'");
                }
                prompts.add(row.get(name));
            }
        } catch (CSVException | IllegalArgumentException | java.io.UncheckedIOException e) {
            throw new InvalidInputException(source, "table", "is not well-formed (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw new InvalidInputException(source, "table", "is not well-formed (" + e.getMessage() + ")", e);
        }
        return prompts;
    }

    private String promptColumn(List<String> header) {
        if (column.isPresent()) {
            if (!header.contains(column.get())) {
                throw new InvalidInputException(
                        source, "header", "has no column '" + column.get() + "'; it has " + header);
            }
            return column.get();
        }
        Optional<String> known = COLUMNS.stream().filter(header::contains).findFirst();
        if (known.isPresent()) {
            return known.get();
        }
        if (header.size() == 1) {
            return header.getFirst();
        }
        throw new InvalidInputException(
                source, "header", "none of " + header + " is a known prompt column; name it with --column");
    }

    private static List<String> lines(String text) {
        return text.lines().filter(line -> !line.isBlank()).toList();
    }
}
