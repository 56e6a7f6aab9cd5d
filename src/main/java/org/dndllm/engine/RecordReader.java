package org.dndllm.engine;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.apache.commons.csv.CSVException;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;
import org.apache.commons.csv.DuplicateHeaderMode;
import org.dndllm.InvalidInputException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads files of records: a JSON list (or an object of objects), JSONL, CSV, TSV, plain text, each of them gzipped or not.
 * UTF-8 only, a byte-order mark is skipped. Every refusal names the file and the line or item.
 */
public final class RecordReader {
    /** Larger files are refused: a condition reads at most a few hundred prompts of them. */
    public static final long MAX_BYTES = 512L << 20;

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final String source;
    private final RecordVisitor visitor;

    private RecordReader(String source, RecordVisitor visitor) {
        this.source = source;
        this.visitor = visitor;
    }

    /**
     * Reads a file.
     *
     * @throws InvalidInputException if it is absent, too large, not UTF-8 or not of that format
     */
    public static void read(Path file, PromptFormat format, RecordVisitor visitor) {
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
            new RecordReader(source, visitor).parse(Gunzip.all(Files.readAllBytes(file), source, MAX_BYTES), actual);
        } catch (NoSuchFileException e) {
            throw new InvalidInputException(source, "file", "does not exist; check the path", e);
        } catch (IOException e) {
            throw new InvalidInputException(source, "file", "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** Reads a stream to its end, standard input for instance; {@link PromptFormat#AUTO} looks at the first character. */
    static void read(InputStream in, String source, PromptFormat format, RecordVisitor visitor) {
        try {
            byte[] bytes = in.readNBytes((int) Math.min(Integer.MAX_VALUE - 8, MAX_BYTES + 1));
            if (bytes.length > MAX_BYTES) {
                throw new InvalidInputException(source, "size", "more than " + MAX_BYTES + " bytes; give a sample");
            }
            new RecordReader(source, visitor).parse(bytes, format);
        } catch (IOException e) {
            throw new InvalidInputException(source, "stream", "cannot be read (" + e.getMessage() + ")", e);
        }
    }

    private void parse(byte[] bytes, PromptFormat format) {
        String text = decode(bytes);
        PromptFormat actual = format == PromptFormat.AUTO ? PromptFormat.sniff(text) : format;
        switch (actual) {
            case JSON -> json(text);
            case JSONL -> jsonLines(text);
            case CSV -> table(text, CSVFormat.RFC4180);
            case TSV -> table(text, CSVFormat.TDF);
            case TEXT, AUTO -> lines(text);
        }
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

    private void json(String text) {
        JsonNode root = tree(text, "JSON");
        if (isTable(root)) {
            root.properties().forEach(item -> visitor.record("item " + item.getKey(), item.getValue()));
            return;
        }
        if (root == null || !root.isArray()) {
            throw new InvalidInputException(
                    source, "JSON", "the top level must be a list of {\"prompt\": ...} objects or of strings");
        }
        int number = 0;
        for (JsonNode item : root) {
            number++;
            visitor.record("item " + number, item);
        }
    }

    /** Objects by their names, as Math-Vista has its questions. */
    private static boolean isTable(@Nullable JsonNode root) {
        return root != null
                && root.isObject()
                && !root.isEmpty()
                && root.properties().stream().allMatch(item -> item.getValue().isObject());
    }

    private void jsonLines(String text) {
        int number = 0;
        for (String line : (Iterable<String>) text.lines()::iterator) {
            number++;
            if (!line.isBlank()) {
                String place = "line " + number;
                visitor.record(place, tree(line, place));
            }
        }
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

    private void table(String text, CSVFormat dialect) {
        CSVFormat format = dialect.builder()
                .setHeader()
                .setSkipHeaderRecord(true)
                .setDuplicateHeaderMode(DuplicateHeaderMode.DISALLOW)
                .setIgnoreEmptyLines(true)
                .get();
        try (CSVParser parser = format.parse(new StringReader(text))) {
            List<String> columns = parser.getHeaderNames();
            visitor.header(columns);
            for (CSVRecord row : parser) {
                ObjectNode cells = JSON.createObjectNode();
                columns.stream().filter(row::isSet).forEach(name -> cells.put(name, row.get(name)));
                visitor.record("record " + row.getRecordNumber(), cells);
            }
        } catch (CSVException | IllegalArgumentException | UncheckedIOException e) {
            throw new InvalidInputException(source, "table", "is not well-formed (" + e.getMessage() + ")", e);
        } catch (IOException e) {
            throw new InvalidInputException(source, "table", "is not well-formed (" + e.getMessage() + ")", e);
        }
    }

    private void lines(String text) {
        int number = 0;
        for (String line : (Iterable<String>) text.lines()::iterator) {
            number++;
            if (!line.isBlank()) {
                visitor.record("line " + number, JSON.getNodeFactory().stringNode(line));
            }
        }
    }
}
