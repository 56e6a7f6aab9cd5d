package org.dndllm.serve.http;

import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.dndllm.format.JsonWriter;

/**
 * A streamed JSON object of which the text alone changes: what stands around it is written once for an answer, not once
 * for a token.
 */
final class ChunkTemplate {
    private final String before;
    private final String after;

    private ChunkTemplate(String before, String after) {
        this.before = before;
        this.after = after;
    }

    /** @param chunk makes the object for a text, which must stand in it once */
    static ChunkTemplate of(Function<String, Map<String, ?>> chunk) {
        String place = UUID.randomUUID().toString(); // nothing else in the object is that
        String whole = JsonWriter.compact(chunk.apply(place));
        String quoted = JsonWriter.quoted(place);
        int at = whole.indexOf(quoted);
        return new ChunkTemplate(whole.substring(0, at), whole.substring(at + quoted.length()));
    }

    /** The object with this text, as JSON. */
    String with(String text) {
        return before + JsonWriter.quoted(text) + after;
    }
}
