package org.dndllm.format;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;

/** Recursive descent over one JSON text; used once. Recursion is bounded by {@link JsonValue#MAX_DEPTH}. */
final class JsonParser {
    private static final int MAX_PATH = 300;
    private static final int LONG_DIGITS = 20;
    private static final BigInteger BEYOND_LONG = BigInteger.ONE.shiftLeft(Long.SIZE);

    private final String text;
    private final String source;
    private int at;

    JsonParser(String text, String source) {
        this.text = text;
        this.source = source;
    }

    static void checkSize(long size, String source, int maxSize) {
        if (size > maxSize) {
            throw new InvalidInputException(source, "JSON", "is " + size + " long, expected at most " + maxSize);
        }
    }

    static String decode(byte[] utf8, String source) {
        try {
            // A fresh decoder reports malformed input, String's constructor would replace it.
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(utf8))
                    .toString();
        } catch (CharacterCodingException invalid) {
            throw new InvalidInputException(source, "JSON", "is not valid UTF-8; save it as UTF-8", invalid);
        }
    }

    JsonValue parse() {
        skipSpace();
        JsonValue value = value("$", 0);
        skipSpace();
        if (at < text.length()) {
            throw fail("$", "unexpected " + here() + " after the end of the value");
        }
        return value;
    }

    private JsonValue value(String path, int depth) {
        if (at >= text.length()) {
            throw fail(path, "the text ends where a value should begin");
        }
        char c = text.charAt(at);
        return switch (c) {
            case '{' -> object(path, depth + 1);
            case '[' -> array(path, depth + 1);
            case '"' -> new JsonValue.Str(string(path));
            case 't' -> literal("true", new JsonValue.Bool(true), path);
            case 'f' -> literal("false", new JsonValue.Bool(false), path);
            case 'n' -> literal("null", new JsonValue.Null(), path);
            default -> {
                if (c == '-' || isDigit(c)) {
                    yield number(path);
                }
                throw fail(path, "unexpected " + here() + ", expected a value");
            }
        };
    }

    private JsonValue object(String path, int depth) {
        checkDepth(path, depth);
        at++;
        Map<String, JsonValue> members = new LinkedHashMap<>();
        skipSpace();
        if (skip('}')) {
            return new JsonValue.Obj(members, source, path);
        }
        while (true) {
            skipSpace();
            if (at >= text.length() || text.charAt(at) != '"') {
                throw fail(path, "unexpected " + here() + ", expected a key in double quotes");
            }
            String key = string(path);
            String keyPath = join(path, key);
            skipSpace();
            if (!skip(':')) {
                throw fail(keyPath, "unexpected " + here() + ", expected ':'");
            }
            skipSpace();
            JsonValue value = value(keyPath, depth);
            if (members.putIfAbsent(key, value) != null) {
                throw fail(keyPath, "duplicate key \"" + clip(key, MAX_PATH) + "\"; remove one of the two");
            }
            skipSpace();
            if (skip('}')) {
                return new JsonValue.Obj(members, source, path);
            }
            if (!skip(',')) {
                throw fail(path, "unexpected " + here() + ", expected ',' or '}'");
            }
        }
    }

    private JsonValue array(String path, int depth) {
        checkDepth(path, depth);
        at++;
        List<JsonValue> items = new ArrayList<>();
        skipSpace();
        if (skip(']')) {
            return new JsonValue.Arr(items, source, path);
        }
        while (true) {
            skipSpace();
            items.add(value(clip(path, MAX_PATH) + "[" + items.size() + "]", depth));
            skipSpace();
            if (skip(']')) {
                return new JsonValue.Arr(items, source, path);
            }
            if (!skip(',')) {
                throw fail(path, "unexpected " + here() + ", expected ',' or ']'");
            }
        }
    }

    private void checkDepth(String path, int depth) {
        if (depth > JsonValue.MAX_DEPTH) {
            throw fail(path, "nested deeper than " + JsonValue.MAX_DEPTH + " levels");
        }
    }

    private JsonValue literal(String word, JsonValue value, String path) {
        if (!text.startsWith(word, at)) {
            throw fail(path, "unexpected " + here() + ", expected " + word);
        }
        at += word.length();
        return value;
    }

    private JsonValue number(String path) {
        int start = at;
        skip('-');
        if (skip('0')) {
            if (at < text.length() && isDigit(text.charAt(at))) {
                throw fail(path, "a number must not begin with 0");
            }
        } else {
            digits(path);
        }
        boolean whole = true;
        if (skip('.')) {
            whole = false;
            digits(path);
        }
        if (skip('e') || skip('E')) {
            whole = false;
            if (!skip('+')) {
                skip('-');
            }
            digits(path);
        }
        return new JsonValue.Num(exact(text.substring(start, at), whole, path));
    }

    private Number exact(String digits, boolean whole, String path) {
        // -0 is a double: a long would lose its sign.
        if (whole && !digits.equals("-0")) {
            BigInteger exact = digits.length() <= LONG_DIGITS ? new BigInteger(digits) : BEYOND_LONG;
            if (exact.bitLength() < Long.SIZE) {
                return exact.longValue();
            }
            // Falls through: Hugging Face writes "no limit" as int(1e30), which only a double can hold.
        }
        double value = Double.parseDouble(digits);
        if (Double.isInfinite(value)) {
            throw fail(path, "number beyond the range of a double: " + clip(digits, 40));
        }
        return value;
    }

    private void digits(String path) {
        int start = at;
        while (at < text.length() && isDigit(text.charAt(at))) {
            at++;
        }
        if (at == start) {
            throw fail(path, "unexpected " + here() + ", expected a digit");
        }
    }

    private String string(String path) {
        at++;
        int start = at;
        // Most strings have no escapes: find the end, copy once.
        while (at < text.length() && text.charAt(at) != '"' && text.charAt(at) != '\\') {
            checkPlain(path);
            at++;
        }
        if (at < text.length() && text.charAt(at) == '"') {
            return checked(text.substring(start, at++), path);
        }
        StringBuilder built = new StringBuilder().append(text, start, at);
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '"') {
                at++;
                return checked(built.toString(), path);
            }
            checkPlain(path);
            at++;
            built.append(c == '\\' ? escape(path) : c);
        }
        throw fail(path, "the text ends inside a string");
    }

    private void checkPlain(String path) {
        if (text.charAt(at) < 0x20) {
            throw fail(path, "control character " + here() + " inside a string; escape it");
        }
    }

    private char escape(String path) {
        if (at >= text.length()) {
            throw fail(path, "the text ends inside a string");
        }
        char c = text.charAt(at++);
        return switch (c) {
            case '"', '\\', '/' -> c;
            case 'b' -> '\b';
            case 'f' -> '\f';
            case 'n' -> '\n';
            case 'r' -> '\r';
            case 't' -> '\t';
            case 'u' -> hex(path);
            default -> throw fail(path, "unknown escape \\" + c);
        };
    }

    private char hex(String path) {
        int code = 0;
        for (int i = 0; i < 4; i++) {
            char c = at < text.length() ? text.charAt(at) : ' ';
            // Character.digit alone would also take digits of other scripts.
            int digit = c < 128 ? Character.digit(c, 16) : -1;
            if (digit < 0) {
                throw fail(path, "\\u needs four hexadecimal digits");
            }
            code = code << 4 | digit;
            at++;
        }
        return (char) code;
    }

    private String checked(String value, String path) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            boolean paired = Character.isHighSurrogate(c)
                    && i + 1 < value.length()
                    && Character.isLowSurrogate(value.charAt(i + 1));
            if (!paired) {
                throw fail(path, "lone surrogate \\u%04x in a string".formatted((int) c));
            }
            i++;
        }
        return value;
    }

    private void skipSpace() {
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c != ' ' && c != '\n' && c != '\r' && c != '\t') {
                return;
            }
            at++;
        }
    }

    private boolean skip(char expected) {
        if (at < text.length() && text.charAt(at) == expected) {
            at++;
            return true;
        }
        return false;
    }

    private static boolean isDigit(char c) {
        return c >= '0' && c <= '9';
    }

    /** Path of a member. Bounded, or one huge key above many values would cost its length for each of them. */
    static String join(String path, String key) {
        String shortKey = clip(key, MAX_PATH);
        return path.equals("$") ? shortKey : clip(path, MAX_PATH) + "." + shortKey;
    }

    private static String clip(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length) + "...";
    }

    private String here() {
        if (at >= text.length()) {
            return "end of text";
        }
        char c = text.charAt(at);
        return c > 0x20 && c < 0x7f ? "'" + c + "'" : "U+%04X".formatted((int) c);
    }

    private InvalidInputException fail(String path, String problem) {
        return new InvalidInputException(source, path, "invalid JSON at character " + at + ": " + problem);
    }
}
