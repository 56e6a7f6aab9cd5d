package org.dndllm.format;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;

/**
 * A parsed JSON text (RFC 8259), immutable. Parsing is strict: duplicate keys, nesting beyond {@value #MAX_DEPTH}
 * levels, texts over a size limit, invalid UTF-8, lone surrogates, trailing commas, comments, NaN and anything after the
 * value are refused.
 *
 * <p>The accessors of {@link Obj} throw {@link InvalidInputException} that names the file and the dotted path of the
 * field, so a caller need not add context.
 */
public sealed interface JsonValue {
    /** Deepest nesting of arrays and objects. */
    int MAX_DEPTH = 64;

    /** Longest text in bytes (UTF-8) or chars unless the caller says otherwise: 100 MB, as safetensors headers. */
    int DEFAULT_MAX_SIZE = 100_000_000;

    /** Parses a text of at most {@link #DEFAULT_MAX_SIZE} chars; {@code source} is named in errors. */
    static JsonValue parse(String text, String source) {
        return parse(text, source, DEFAULT_MAX_SIZE);
    }

    /** Parses a text of at most {@code maxSize} chars; {@code source} is named in errors. */
    static JsonValue parse(String text, String source, int maxSize) {
        JsonParser.checkSize(text.length(), source, maxSize);
        return new JsonParser(text, source).parse();
    }

    /** Parses UTF-8 of at most {@link #DEFAULT_MAX_SIZE} bytes; {@code source} is named in errors. */
    static JsonValue parse(byte[] utf8, String source) {
        return parse(utf8, source, DEFAULT_MAX_SIZE);
    }

    /** Parses UTF-8 of at most {@code maxSize} bytes; {@code source} is named in errors. */
    static JsonValue parse(byte[] utf8, String source, int maxSize) {
        JsonParser.checkSize(utf8.length, source, maxSize);
        return new JsonParser(JsonParser.decode(utf8, source), source).parse();
    }

    /** What errors call this value's kind. */
    private static String kind(JsonValue value) {
        return switch (value) {
            case Obj o -> "an object";
            case Arr a -> "an array";
            case Str s -> "a string";
            case Num n -> "the number " + n.value();
            case Bool b -> String.valueOf(b.value());
            case Null n -> "null";
        };
    }

    private static <T extends JsonValue> T expect(
            JsonValue value, Class<T> type, String expected, String source, String path) {
        if (!type.isInstance(value)) {
            throw new InvalidInputException(source, path, "is " + kind(value) + ", expected " + expected);
        }
        return type.cast(value);
    }

    /** A whole number, or an error; 3.0 counts as whole. */
    private static long whole(JsonValue value, String source, String path) {
        Num number = expect(value, Num.class, "a whole number", source, path);
        if (number.value() instanceof Long integer) {
            return integer;
        }
        double wide = number.value().doubleValue();
        // Beyond 2^53 a double no longer says which whole number was meant.
        if (wide == Math.rint(wide) && Math.abs(wide) <= 1L << 53) {
            return (long) wide;
        }
        throw new InvalidInputException(source, path, "is " + kind(value) + ", expected a whole number within 64 bits");
    }

    /**
     * An object, in file order.
     *
     * @param source the file it came from, for errors
     * @param path dotted path from the root, {@code "$"} for the root itself
     */
    record Obj(Map<String, JsonValue> members, String source, String path) implements JsonValue {
        public Obj {
            members = Collections.unmodifiableMap(new LinkedHashMap<>(members));
        }

        /** The member, or empty when it is absent or null. */
        public Optional<JsonValue> find(String key) {
            return Optional.ofNullable(members.get(key)).filter(value -> !(value instanceof Null));
        }

        /** True when the member exists and is not null. */
        public boolean has(String key) {
            return find(key).isPresent();
        }

        public String string(String key) {
            return expect(require(key), Str.class, "a string", source, pathOf(key))
                    .value();
        }

        /** A whole number within 64 bits; 3.0 counts as 3. */
        public long integer(String key) {
            return whole(require(key), source, pathOf(key));
        }

        /** A whole number within 32 bits, for extents and counts. */
        public int int32(String key) {
            long value = integer(key);
            if (value != (int) value) {
                throw new InvalidInputException(source, pathOf(key), "is " + value + ", expected at most 32 bits");
            }
            return (int) value;
        }

        public double number(String key) {
            return expect(require(key), Num.class, "a number", source, pathOf(key))
                    .value()
                    .doubleValue();
        }

        public boolean bool(String key) {
            return expect(require(key), Bool.class, "true or false", source, pathOf(key))
                    .value();
        }

        public Obj object(String key) {
            return expect(require(key), Obj.class, "an object", source, pathOf(key));
        }

        public Arr array(String key) {
            return expect(require(key), Arr.class, "an array", source, pathOf(key));
        }

        /** The member, present and possibly null. */
        public JsonValue require(String key) {
            JsonValue value = members.get(key);
            if (value == null) {
                throw new InvalidInputException(source, pathOf(key), "is missing; add it");
            }
            return value;
        }

        /** Dotted path of a member, as errors spell it. */
        public String pathOf(String key) {
            return JsonParser.join(path, key);
        }
    }

    /** An array; {@code source} and {@code path} as in {@link Obj}. */
    record Arr(List<JsonValue> items, String source, String path) implements JsonValue {
        public Arr {
            items = List.copyOf(items);
        }

        public int size() {
            return items.size();
        }

        /** All items as strings. */
        public List<String> strings() {
            return each((item, at) ->
                    expect(item, Str.class, "a string", source, at).value());
        }

        /** All items as whole numbers within 64 bits. */
        public List<Long> integers() {
            return each((item, at) -> whole(item, source, at));
        }

        /** All items as numbers. */
        public List<Double> numbers() {
            return each((item, at) ->
                    expect(item, Num.class, "a number", source, at).value().doubleValue());
        }

        /** All items as objects. */
        public List<Obj> objects() {
            return each((item, at) -> expect(item, Obj.class, "an object", source, at));
        }

        /** All items as arrays. */
        public List<Arr> arrays() {
            return each((item, at) -> expect(item, Arr.class, "an array", source, at));
        }

        private <T> List<T> each(ItemReader<T> reader) {
            List<T> read = new ArrayList<>(items.size());
            for (int i = 0; i < items.size(); i++) {
                read.add(reader.read(items.get(i), path + "[" + i + "]"));
            }
            return Collections.unmodifiableList(read);
        }

        private interface ItemReader<T> {
            T read(JsonValue item, String path);
        }
    }

    record Str(String value) implements JsonValue {}

    /** A number, kept exactly where 64 bits allow: a {@link Long} when written without fraction or exponent, else a Double. */
    record Num(Number value) implements JsonValue {}

    record Bool(boolean value) implements JsonValue {}

    record Null() implements JsonValue {}

    /** The value as an object, or an error naming {@code source}. */
    default Obj asObject(String source) {
        return expect(this, Obj.class, "an object", source, "$");
    }

    /** The value as an array, or an error naming {@code source}. */
    default Arr asArray(String source) {
        return expect(this, Arr.class, "an array", source, "$");
    }
}
