package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One command run inside this JVM.
 *
 * @param code exit code
 * @param out standard output
 * @param err standard error
 */
record Cli(int code, String out, String err) {
    static final Path ROOT =
            Path.of(System.getProperty("dnd.root", ".")).toAbsolutePath().normalize();
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static {
        System.setProperty("dnd.home", ROOT.toString()); // as the launcher does
    }

    static Cli run(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] words = new String[arguments.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = arguments[i].toString();
        }
        int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), words);
        return new Cli(code, out.toString(), err.toString());
    }

    Cli ok() {
        assertThat(code).as(err).isZero();
        return this;
    }

    /** The one JSON object that standard output holds, and nothing else. */
    JsonNode json() {
        ok();
        JsonNode root = JSON.readTree(out);
        assertThat(root.isObject()).isTrue();
        return root;
    }

    /** A refusal: exit code, nothing on standard output, one plain line on standard error that has all these words. */
    void refused(int expected, String... words) {
        assertThat(code).as(err).isEqualTo(expected);
        assertThat(out).isEmpty();
        assertThat(err).startsWith("dnd: ").doesNotContain("\tat ").contains(words);
        assertThat(err.lines()).hasSize(1);
    }
}
