package org.dndllm.serve.http;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.dndllm.format.JsonValue;

/** Reads optional fields of a request within bounds. A field that is null counts as absent. */
final class Fields {
    private final JsonValue.Obj json;

    Fields(JsonValue.Obj json) {
        this.json = json;
    }

    JsonValue.Obj json() {
        return json;
    }

    Optional<String> text(String key) {
        return json.has(key) ? Optional.of(json.string(key)) : Optional.empty();
    }

    boolean flag(String key) {
        return json.has(key) && json.bool(key);
    }

    OptionalInt integer(String key, int least, int most) {
        if (!json.has(key)) {
            return OptionalInt.empty();
        }
        long value = json.integer(key);
        if (value < least || value > most) {
            throw ApiException.field(json.pathOf(key), "is " + value + ", expected " + least + " to " + most);
        }
        return OptionalInt.of((int) value);
    }

    OptionalLong wide(String key) {
        return json.has(key) ? OptionalLong.of(json.integer(key)) : OptionalLong.empty();
    }

    float number(String key, double least, double most, float otherwise) {
        if (!json.has(key)) {
            return otherwise;
        }
        double value = json.number(key);
        if (!(value >= least && value <= most)) {
            throw ApiException.field(json.pathOf(key), "is " + value + ", expected " + least + " to " + most);
        }
        return (float) value;
    }

    /** A string, or a list of strings. */
    List<String> texts(String key, int most) {
        if (!json.has(key)) {
            return List.of();
        }
        List<String> texts =
                json.require(key) instanceof JsonValue.Arr list ? list.strings() : List.of(json.string(key));
        if (texts.size() > most) {
            throw ApiException.field(
                    json.pathOf(key), "has " + texts.size() + " entries, at most " + most + " are taken");
        }
        return texts;
    }

    /** Refuses a field that is set to anything but what does nothing. */
    void refuse(String key, String problem) {
        if (json.has(key) && !isEmpty(json.require(key))) {
            throw ApiException.unsupported(json.pathOf(key), problem);
        }
    }

    private static boolean isEmpty(JsonValue value) {
        return switch (value) {
            case JsonValue.Obj object -> object.members().isEmpty();
            case JsonValue.Arr array -> array.items().isEmpty();
            case JsonValue.Str text ->
                text.value().isEmpty()
                        || text.value().equals("none")
                        || text.value().equals("auto");
            case JsonValue.Bool bool -> !bool.value();
            case JsonValue.Num number -> number.value().doubleValue() == 0;
            case JsonValue.Null nothing -> true;
        };
    }
}
