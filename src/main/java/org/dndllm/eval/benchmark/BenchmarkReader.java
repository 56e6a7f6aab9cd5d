package org.dndllm.eval.benchmark;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.dndllm.engine.PromptFormat;
import org.dndllm.engine.RecordReader;
import org.dndllm.engine.RecordVisitor;
import tools.jackson.databind.JsonNode;

/**
 * Reads a labelled file: the official JSON ({@code [{prompt, response, system}]}), or any JSON, JSONL, CSV or TSV with a
 * prompt and a response column, or with question, choices and answer; HellaSwag, MATH, HumanEval and LiveCodeBench as their
 * authors publish them. The format follows the file's extension, before {@code .gz} if it has that.
 *
 * <p>Questions may have a picture ({@link ItemImage}), as Math-Vision's and Math-Vista's do. Prompts and system messages stay
 * as they are. Where the file has the options apart from the question, they are set
 * below it as the official ARC prompts do, one {@code A: ...} per line.
 */
public final class BenchmarkReader implements RecordVisitor {
    private final String source;
    private final String fileName;
    private final Optional<AnswerKind> declared;
    private final List<BenchmarkItem> items = new ArrayList<>();
    private Optional<AnswerKind> recognised = Optional.empty();

    private BenchmarkReader(Path file, Optional<AnswerKind> declared) {
        source = file.toString();
        fileName = file.getFileName().toString();
        this.declared = declared;
    }

    /** Reads a file whose kind its content shows and whose split its name shows. */
    public static BenchmarkSet read(Path file) {
        return read(file, Optional.empty(), Optional.empty());
    }

    /**
     * Reads a file.
     *
     * @param kind how its answers are; empty: as the first item shows
     * @param split which part of a set it is; empty: as its name shows ({@link OfficialNames})
     * @throws InvalidInputException if the file cannot be read, is empty, or an item does not fit the kind; names file, item
     *     and field; if the split contradicts an official name
     */
    public static BenchmarkSet read(Path file, Optional<AnswerKind> kind, Optional<Split> split) {
        BenchmarkReader reader = new BenchmarkReader(file, kind);
        RecordReader.read(file, PromptFormat.AUTO, reader);
        if (reader.items.isEmpty()) {
            throw new InvalidInputException(reader.source, "items", "there are none; give at least one question");
        }
        return new BenchmarkSet(
                OfficialNames.name(reader.fileName),
                reader.source,
                OfficialNames.split(reader.source, split),
                reader.kind(),
                reader.items,
                SetWarnings.of(reader.items));
    }

    @Override
    public void record(String place, JsonNode value) {
        if (!value.isObject()) {
            throw new InvalidInputException(source, place, "must be an object with at least a prompt");
        }
        ItemFields fields = ItemFields.of(value, source, place);
        items.add(fields.item(fileName + ": " + place, declared.orElseGet(() -> kind(fields, value))));
    }

    /** One kind for a file, but for questions on pictures, whose files mix options and formulas. */
    private AnswerKind kind(ItemFields fields, JsonNode value) {
        if (fields.image().isPresent()) {
            return KindOf.pictured(fields, value, fileName);
        }
        AnswerKind kind = recognised.orElseGet(() -> KindOf.item(fields, value, fileName));
        recognised = Optional.of(kind);
        return kind;
    }

    private AnswerKind kind() {
        AnswerKind first = items.getFirst().kind();
        return items.stream().allMatch(item -> item.kind() == first) ? first : AnswerKind.MATH;
    }
}
