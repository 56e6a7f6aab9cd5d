package org.dndllm.eval.sandbox;

import java.io.BufferedInputStream;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.zip.GZIPInputStream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/** A file with one JSON object a line, plain or gzipped, read line by line: files of code problems reach gigabytes. */
final class JsonLines {
    /** Longest line in characters. */
    private static final int MAX_LINE = JsonValue.DEFAULT_MAX_SIZE;

    private JsonLines() {}

    /** Hands over each object; its source is file and line. Blank lines are passed over. */
    static void each(Path file, Consumer<JsonValue.Obj> taker) {
        try (Reader reader = reader(file)) {
            int number = 0;
            for (Optional<String> line = line(reader, file, 1);
                    line.isPresent();
                    line = line(reader, file, number + 1)) {
                number++;
                String source = file + ":" + number;
                if (number == 1 && line.get().stripLeading().startsWith("[")) {
                    throw new InvalidInputException(
                            source, "$", "starts a list; expected JSONL, one object a line, as the set is published");
                }
                if (!line.get().isBlank()) {
                    taker.accept(JsonValue.parse(line.get(), source).asObject(source));
                }
            }
        } catch (CharacterCodingException e) {
            throw new InvalidInputException(file.toString(), "file", "is not UTF-8; save it as UTF-8", e);
        } catch (IOException e) {
            throw new InvalidInputException(
                    file.toString(), "file", "cannot be read (" + e.getMessage() + "); check the path and the file", e);
        }
    }

    private static Reader reader(Path file) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file));
        in.mark(2);
        boolean zipped = in.read() == 0x1f && in.read() == 0x8b;
        in.reset();
        return new BufferedReader(
                new InputStreamReader(zipped ? new GZIPInputStream(in) : in, StandardCharsets.UTF_8.newDecoder()));
    }

    private static Optional<String> line(Reader reader, Path file, int number) throws IOException {
        StringBuilder line = new StringBuilder();
        int next = reader.read();
        if (next < 0) {
            return Optional.empty();
        }
        for (; next >= 0 && next != '\n'; next = reader.read()) {
            if (line.length() == MAX_LINE) {
                throw new InvalidInputException(
                        file + ":" + number, "line", "is longer than " + MAX_LINE + " characters; expected JSONL");
            }
            line.append((char) next);
        }
        return Optional.of(line.toString());
    }
}
