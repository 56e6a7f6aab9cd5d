package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonValueTest {
    private static JsonValue.Obj parse(String text) {
        return JsonValue.parse(text, "f.json").asObject("f.json");
    }

    @Test
    void parse_everyKind_keepsValuesAndOrder() {
        // given
        String text = " {\"z\": [1, -2.5e3, true, false, null], \"a\": {\"s\": \"\\u00fc\\n\\ud83d\\ude00/\\/\"}} ";
        // when
        JsonValue.Obj value = parse(text);
        // then
        assertThat(value.members().keySet()).containsExactly("z", "a");
        assertThat(value.array("z").items())
                .containsExactly(
                        new JsonValue.Num(1L),
                        new JsonValue.Num(-2500.0),
                        new JsonValue.Bool(true),
                        new JsonValue.Bool(false),
                        new JsonValue.Null());
        assertThat(value.object("a").string("s")).isEqualTo("ü\n😀//");
    }

    @Test
    void parse_extremeNumbers_keptExactly() {
        JsonValue.Obj value = parse("{\"max\":9223372036854775807,\"min\":-9223372036854775808,\"d\":0.1,"
                + "\"huge\":1000000000000000019884624838656,\"negZero\":-0,\"whole\":3.0}");
        assertThat(value.integer("max")).isEqualTo(Long.MAX_VALUE);
        assertThat(value.integer("min")).isEqualTo(Long.MIN_VALUE);
        assertThat(value.number("d")).isEqualTo(0.1);
        assertThat(value.number("huge")).isEqualTo(1e30);
        assertThat(1 / value.number("negZero")).isNegative();
        assertThat(value.int32("whole")).isEqualTo(3);
        assertThatThrownBy(() -> value.integer("huge")).hasMessageContaining("f.json: huge");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "}",
                "[1,]",
                "{\"a\":1,}",
                "{a:1}",
                "{'a':1}",
                "[1 2]",
                "01",
                "-",
                "1.",
                ".5",
                "1e",
                "+1",
                "NaN",
                "Infinity",
                "1e999",
                "tru",
                "nul",
                "\"",
                "\"\\x\"",
                "\"\\u12g4\"",
                "\"\t\"",
                "\"\\ud800\"",
                "\"\\udc00\\ud800\"",
                "[] []",
                "// c\n1",
                "{\"a\":1,\"a\":2}",
                "{\"a\" 1}",
                "[",
                "\"\\u12",
                "\"a\\",
                "\u00a01",
                "\"\\u\u0661\u0661\u0661\u0661\"",
                "\ufeff{}"
            })
    void parse_malformed_refusedNamingSource(String text) {
        assertThatThrownBy(() -> JsonValue.parse(text, "f.json"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("f.json");
    }

    @Test
    void parse_duplicateDeepKey_namesDottedPath() {
        assertThatThrownBy(() -> parse("{\"a\":{\"b\":[{\"c\":1,\"c\":2}]}}"))
                .hasMessageContaining("f.json: a.b[0].c")
                .hasMessageContaining("duplicate");
    }

    @Test
    void parse_depth_limitIs64() {
        assertThat(JsonValue.parse("[".repeat(64) + "]".repeat(64), "f.json")).isNotNull();
        assertThatThrownBy(() -> JsonValue.parse("[".repeat(65) + "]".repeat(65), "f.json"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("64");
        assertThatThrownBy(() -> JsonValue.parse("[".repeat(1_000_000), "f.json"))
                .isInstanceOf(InvalidInputException.class);
    }

    @Test
    void parse_overSizeCap_refused() {
        assertThatThrownBy(() -> JsonValue.parse("[1,2]", "f.json", 4)).hasMessageContaining("at most 4");
        assertThatThrownBy(() -> JsonValue.parse(new byte[5], "f.json", 4)).hasMessageContaining("at most 4");
    }

    @Test
    void parse_invalidUtf8_refused() {
        assertThatThrownBy(() -> JsonValue.parse(new byte[] {'"', (byte) 0xc3, '"'}, "f.json"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("UTF-8");
    }

    @Test
    void parse_hugeKeyOverManyValues_staysSmall() {
        // given a text whose paths would take 20 GB if each value kept its own
        String text = "{\"" + "k".repeat(200_000) + "\":[" + "[],".repeat(99_999) + "[]]}";
        // then
        assertThat(parse(text).members()).hasSize(1);
    }

    @Test
    void accessors_wrongKindOrMissing_nameSourceAndPath() {
        JsonValue.Obj root = parse("{\"a\":{\"s\":\"x\",\"n\":null,\"f\":1.5,\"l\":[1,\"x\"],\"big\":5000000000}}");
        JsonValue.Obj a = root.object("a");
        assertThatThrownBy(() -> a.string("no"))
                .hasMessageContaining("f.json: a.no")
                .hasMessageContaining("missing");
        assertThatThrownBy(() -> a.integer("s")).hasMessageContaining("f.json: a.s");
        assertThatThrownBy(() -> a.integer("f")).hasMessageContaining("f.json: a.f");
        assertThatThrownBy(() -> a.int32("big")).hasMessageContaining("f.json: a.big");
        assertThatThrownBy(() -> a.bool("s")).hasMessageContaining("f.json: a.s");
        assertThatThrownBy(() -> a.object("s")).hasMessageContaining("f.json: a.s");
        assertThatThrownBy(() -> a.array("s")).hasMessageContaining("f.json: a.s");
        assertThatThrownBy(() -> a.string("n")).hasMessageContaining("null");
        assertThatThrownBy(() -> a.array("l").integers()).hasMessageContaining("f.json: a.l[1]");
        assertThat(a.find("n")).isEmpty();
        assertThat(a.find("no")).isEmpty();
        assertThat(a.find("s")).contains(new JsonValue.Str("x"));
    }

    @Test
    void write_thenParse_givesSameValues() {
        // given
        Map<String, Object> value = new LinkedHashMap<>();
        value.put("text", "ü \"q\" \\ \u0001 😀 \n");
        value.put("long", Long.MIN_VALUE);
        value.put("double", 1e-300);
        value.put("float", 0.1f);
        value.put("list", List.of(1, List.of(), Map.of("k", true)));
        value.put("empty", Map.of());
        for (String text : List.of(JsonWriter.write(value), JsonWriter.compact(value))) {
            // when
            JsonValue.Obj read = parse(text);
            // then
            assertThat(read.string("text")).isEqualTo(value.get("text"));
            assertThat(read.integer("long")).isEqualTo(Long.MIN_VALUE);
            assertThat(read.number("double")).isEqualTo(1e-300);
            assertThat((float) read.number("float")).isEqualTo(0.1f);
            assertThat(read.array("list").size()).isEqualTo(3);
            assertThat(JsonWriter.write(Map.of("v", read))).contains("\"list\"");
        }
    }

    @Test
    void write_notFinite_refused() {
        assertThatThrownBy(() -> JsonWriter.write(Map.of("v", Double.NaN)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> JsonWriter.write(Map.of("v", Float.POSITIVE_INFINITY)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void parse_mutatedText_parsesOrRefuses() {
        long seed = 20261123;
        Random random = new Random(seed);
        byte[] valid = FormatFixtures.resource("expected-tensors.json");
        for (int round = 0; round < 3000; round++) {
            byte[] mutated = java.util.Arrays.copyOf(valid, 600 + random.nextInt(100));
            for (int i = random.nextInt(8); i >= 0; i--) {
                mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
            }
            try {
                JsonValue.parse(mutated, "f.json");
            } catch (InvalidInputException refused) {
                assertThat(refused).as("seed %d round %d", seed, round).hasMessageContaining("f.json");
            }
        }
        assertThat(new String(valid, StandardCharsets.UTF_8)).contains("torch");
    }
}
