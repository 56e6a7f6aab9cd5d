package org.dndllm.eval.sandbox;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.zip.InflaterInputStream;
import org.dndllm.InvalidInputException;
import org.dndllm.format.JsonValue;

/**
 * The tests of a LiveCodeBench item. Lists of tests are JSON, JSON inside a string, or (private tests of the "lite" set)
 * JSON as a Python string that was pickled, deflated and written in base 64.
 */
final class LiveCodeTests {
    /** Far beyond the largest item; a small file can inflate to any size. */
    private static final int MAX_BYTES = 256 << 20;

    private LiveCodeTests() {}

    /** The function that the tests call, if they call one. */
    static Optional<String> function(JsonValue.Obj line) {
        return line.find("metadata")
                .map(value -> unquoted(value, line, "metadata").asObject(line.source()))
                .filter(metadata -> metadata.has("func_name"))
                .map(metadata -> metadata.string("func_name"));
    }

    static List<CodeTest> read(JsonValue.Obj line, Optional<String> function) {
        List<CodeTest> tests = new ArrayList<>();
        for (String field : List.of("public_test_cases", "private_test_cases")) {
            line.find(field).ifPresent(value -> {
                for (JsonValue.Obj test :
                        unquoted(value, line, field).asArray(line.source()).objects()) {
                    tests.add(test(test, function));
                }
            });
        }
        if (tests.isEmpty()) {
            throw new InvalidInputException(
                    line.source(), "public_test_cases", "and private_test_cases are empty; expected at least one test");
        }
        return tests;
    }

    private static CodeTest test(JsonValue.Obj test, Optional<String> function) {
        String type = test.string("testtype");
        return switch (type) {
            case "stdin" -> new CodeTest.Streams(test.string("input"), test.string("output"));
            case "functional" ->
                new CodeTest.Call(
                        function.orElseThrow(() -> new InvalidInputException(
                                test.source(), "metadata", "has no func_name; a functional test needs it")),
                        test.string("input"),
                        JsonValue.parse(test.string("output"), test.source()));
            default ->
                throw new InvalidInputException(
                        test.source(), "testtype", "is '" + type + "', expected stdin or functional");
        };
    }

    /** The JSON that a field holds, whichever way it is written. */
    private static JsonValue unquoted(JsonValue value, JsonValue.Obj line, String field) {
        if (!(value instanceof JsonValue.Str text)) {
            return value;
        }
        String json = text.value().strip();
        boolean plain = json.startsWith("[") || json.startsWith("{");
        return JsonValue.parse(plain ? json : unpacked(json, line, field), line.source() + " " + field, MAX_BYTES);
    }

    private static String unpacked(String packed, JsonValue.Obj line, String field) {
        try (InflaterInputStream in = new InflaterInputStream(
                new ByteArrayInputStream(Base64.getDecoder().decode(packed)))) {
            byte[] pickle = in.readNBytes(MAX_BYTES + 1);
            if (pickle.length > MAX_BYTES) {
                throw new InvalidInputException(
                        line.source(), field, "inflates to more than " + MAX_BYTES + " bytes; remove the item");
            }
            return new PickledString(pickle, line.source(), field).read();
        } catch (IOException | IllegalArgumentException e) {
            throw new InvalidInputException(
                    line.source(),
                    field,
                    "is neither JSON nor deflated base 64 (" + e.getMessage() + "); download the set again",
                    e);
        }
    }
}
