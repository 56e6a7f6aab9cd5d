package org.dndllm.serve.http;

import org.dndllm.format.JsonValue;

/** The field {@code stream_options}. */
final class StreamOptions {
    private StreamOptions() {}

    /** Whether the stream ends with a usage chunk. */
    static boolean includeUsage(Fields fields, boolean stream) {
        if (!fields.json().has("stream_options")) {
            return false;
        }
        if (!stream) {
            throw ApiException.field("stream_options", "needs stream to be true");
        }
        JsonValue.Obj options = fields.json().object("stream_options");
        return new Fields(options).flag("include_usage");
    }
}
