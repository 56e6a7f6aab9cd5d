package org.dndllm.engine;

import java.util.List;
import tools.jackson.databind.JsonNode;

/** Is told what a {@link RecordReader} finds, in file order. */
public interface RecordVisitor {
    /** The column names of a CSV or TSV file, before its records; not called for other formats. */
    default void header(List<String> columns) {}

    /**
     * One record.
     *
     * @param place where it stands, for messages: {@code item 3}, {@code line 3}, {@code record 3}
     * @param value an object or a string as written in JSON; an object of strings, without the cells that a short row
     *     lacks, in tables; a string in plain text
     */
    void record(String place, JsonNode value);
}
