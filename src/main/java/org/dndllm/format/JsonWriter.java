package org.dndllm.format;

import java.util.List;
import java.util.Map;

/**
 * Writes JSON (RFC 8259) in the order in which the map iterates. Values may be strings, numbers, booleans, maps with
 * string keys, lists and {@link JsonValue}; anything else, and numbers that JSON cannot carry (NaN, infinities), is a
 * programmer's error and throws {@link IllegalArgumentException}.
 */
public final class JsonWriter {
    private static final int MAX_DEPTH = JsonValue.MAX_DEPTH;

    private final StringBuilder out = new StringBuilder();
    private final boolean pretty;

    private JsonWriter(boolean pretty) {
        this.pretty = pretty;
    }

    /** The value over several lines with an indent of two spaces, ending with a newline. */
    public static String write(Map<String, ?> value) {
        JsonWriter writer = new JsonWriter(true);
        writer.value(value, 0);
        return writer.out.append('\n').toString();
    }

    /** The value on one line, without any white space. */
    public static String compact(Map<String, ?> value) {
        JsonWriter writer = new JsonWriter(false);
        writer.value(value, 0);
        return writer.out.toString();
    }

    /** A text as JSON, between quotation marks. */
    public static String quoted(String text) {
        JsonWriter writer = new JsonWriter(false);
        writer.string(text);
        return writer.out.toString();
    }

    private void value(Object value, int depth) {
        if (depth > MAX_DEPTH) {
            throw new IllegalArgumentException("JSON nested deeper than " + MAX_DEPTH + " levels (a cycle?)");
        }
        switch (value) {
            case String text -> string(text);
            case Boolean bool -> out.append(bool.booleanValue());
            case Number number -> number(number);
            case Map<?, ?> map -> object(map, depth);
            case List<?> list -> array(list, depth);
            case JsonValue json -> json(json, depth);
            default ->
                throw new IllegalArgumentException(
                        "JSON has no form for " + value.getClass().getName());
        }
    }

    private void json(JsonValue json, int depth) {
        switch (json) {
            case JsonValue.Obj object -> object(object.members(), depth);
            case JsonValue.Arr array -> array(array.items(), depth);
            case JsonValue.Str text -> string(text.value());
            case JsonValue.Num number -> number(number.value());
            case JsonValue.Bool bool -> out.append(bool.value());
            case JsonValue.Null nothing -> out.append("null");
        }
    }

    private void number(Number number) {
        switch (number) {
            case Double d when !Double.isFinite(d) -> throw new IllegalArgumentException("JSON has no form for " + d);
            case Float f when !Float.isFinite(f) -> throw new IllegalArgumentException("JSON has no form for " + f);
            default -> out.append(number);
        }
    }

    private void object(Map<?, ?> map, int depth) {
        out.append('{');
        boolean first = true;
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            if (!(entry.getKey() instanceof String key)) {
                throw new IllegalArgumentException("JSON keys are strings, not " + entry.getKey());
            }
            separate(first, depth + 1);
            first = false;
            string(key);
            out.append(pretty ? ": " : ":");
            Object value = entry.getValue();
            if (value == null) {
                throw new IllegalArgumentException("JSON value of \"" + key + "\" is a Java null");
            }
            value(value, depth + 1);
        }
        close(first, depth, '}');
    }

    private void array(List<?> list, int depth) {
        out.append('[');
        // Shapes and other flat lists read better on one line.
        boolean flat = list.stream().noneMatch(JsonWriter::isContainer);
        boolean first = true;
        for (Object item : list) {
            if (pretty && flat) {
                out.append(first ? "" : ", ");
            } else {
                separate(first, depth + 1);
            }
            first = false;
            value(item, depth + 1);
        }
        close(first || flat, depth, ']');
    }

    private static boolean isContainer(Object item) {
        return item instanceof Map
                || item instanceof List
                || item instanceof JsonValue.Obj
                || item instanceof JsonValue.Arr;
    }

    private void separate(boolean first, int depth) {
        if (!first) {
            out.append(',');
        }
        newLine(depth);
    }

    private void close(boolean onSameLine, int depth, char bracket) {
        if (!onSameLine) {
            newLine(depth);
        }
        out.append(bracket);
    }

    private void newLine(int depth) {
        if (pretty) {
            out.append('\n').repeat("  ", depth);
        }
    }

    private void string(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\b' -> out.append("\\b");
                case '\f' -> out.append("\\f");
                default -> {
                    // A lone surrogate has no UTF-8 form, so it may only leave as an escape.
                    if (c < 0x20 || isLoneSurrogate(text, i)) {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static boolean isLoneSurrogate(String text, int i) {
        char c = text.charAt(i);
        if (Character.isHighSurrogate(c)) {
            return i + 1 >= text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
        }
        return Character.isLowSurrogate(c) && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
    }
}
