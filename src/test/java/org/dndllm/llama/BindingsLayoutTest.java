package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.Mtmd;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;

/**
 * The generated layouts against what a C compiler made of the same headers ({@code native/layout-check/run}): every struct,
 * every field, every constant, and none beyond.
 */
final class BindingsLayoutTest {
    private static final String BINDINGS = "org.dndllm.bindings.";

    @Test
    void layouts_ofGeneratedStructs_areThoseOfTheCompiler() throws Exception {
        // given
        Map<String, String> expected = golden("struct ", "field ");
        assertThat(expected).hasSizeGreaterThan(100);
        // when
        Map<String, String> actual = new TreeMap<>();
        for (String struct : expected.keySet().stream()
                .filter(key -> key.startsWith("struct "))
                .toList()) {
            describe(struct.substring("struct ".length()), actual);
        }
        // then
        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void constants_ofTheHeaderClass_areThoseOfTheCompiler() throws Exception {
        // given
        Map<String, String> expected = golden("constant ");
        assertThat(expected).hasSizeGreaterThan(100);
        // when
        Map<String, String> actual = new TreeMap<>();
        for (String key : expected.keySet()) {
            String name = key.substring("constant ".length());
            Method constant = (name.startsWith("MTMD_") ? Mtmd.class : LlamaCpp.class).getMethod(name);
            actual.put(key, text(constant.invoke(null), expected.getOrDefault(key, "")));
        }
        // then
        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void golden_ofEveryIncludedName_isThere() throws IOException {
        // given
        Path folder = Path.of(System.getProperty("dnd.root", "."), "native", "jextract");
        Assumptions.assumeTrue(Files.exists(folder), "outside the project folder: no " + folder);
        Map<String, String> golden = golden("struct ", "constant ");
        // when
        List<String> included = new ArrayList<>();
        for (String file : List.of("includes.txt", "includes-mtmd.txt")) {
            try (Stream<String> lines = Files.lines(folder.resolve(file))) {
                lines.filter(line -> line.startsWith("--include-struct ") || line.startsWith("--include-constant "))
                        .map(line -> line.substring("--include-".length()))
                        .forEach(included::add);
            }
        }
        // then
        assertThat(golden.keySet()).containsExactlyInAnyOrderElementsOf(included);
    }

    @Test
    void packageInfo_ofTheBindings_namesThePinnedVersion() throws IOException {
        Path info = Path.of(System.getProperty("dnd.root", "."), "bindings/org/dndllm/bindings/package-info.java");
        Assumptions.assumeTrue(Files.exists(info), "outside the project folder: no " + info);
        NativePin pin = NativePin.load();

        assertThat(Files.readString(info))
                .contains("llama.cpp v" + pin.llamaVersion() + " (commit " + pin.commit() + "), ggml "
                        + pin.ggmlVersion());
    }

    private static String text(Object constant, String expected) {
        return switch (constant) {
            case MemorySegment text -> text.getString(0);
            // Java has the bits of an unsigned C constant beyond 2^31 in a negative int.
            case Integer number
            when number < 0 && expected.startsWith("-") == false -> Integer.toUnsignedString(number);
            default -> constant.toString();
        };
    }

    private static void describe(String struct, Map<String, String> into) throws ReflectiveOperationException {
        Class<?> generated = Class.forName(BINDINGS + struct);
        MemoryLayout layout = (MemoryLayout) generated.getMethod("layout").invoke(null);
        into.put("struct " + struct, "size " + layout.byteSize() + " align " + layout.byteAlignment());
        for (Method method : generated.getMethods()) {
            if (method.getName().endsWith("$offset")) {
                String field = method.getName().substring(0, method.getName().length() - "$offset".length());
                MemoryLayout of =
                        (MemoryLayout) generated.getMethod(field + "$layout").invoke(null);
                into.put("field " + struct + "." + field, "offset " + method.invoke(null) + " size " + of.byteSize());
            }
        }
    }

    /** Lines of the golden file that start with one of the kinds: kind and name -> the rest. */
    private static Map<String, String> golden(String... kinds) throws IOException {
        String file = "/llama/layouts-v" + NativePin.load().llamaVersion() + ".txt";
        Map<String, String> lines = new TreeMap<>();
        try (InputStream in = BindingsLayoutTest.class.getResourceAsStream(file)) {
            assertThat(in).as("golden file %s", file).isNotNull();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (Stream.of(kinds).anyMatch(line::startsWith)) {
                    int end = line.indexOf(' ', line.indexOf(' ') + 1);
                    lines.put(line.substring(0, end), line.substring(end + 1));
                }
            }
        }
        return lines;
    }
}
