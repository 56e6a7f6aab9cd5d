package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Flags from the environment, without starting anything. */
class EnvironmentDefaultsTest {
    @ParameterizedTest
    @CsvSource({
        "DND_PORT,            --port,             9000",
        "DND_HOST,            --host,             ::1",
        "DND_API_KEY,         --api-key,          secret",
        "DND_MODEL,           -m,                 other.gguf",
        "DND_GENERATOR,       --generator,        bundle",
        "DND_THREADS,         -t,                 3",
        "DND_CTX_SIZE,        -c,                 512",
        "DND_N_GPU_LAYERS,    -ngl,               7",
        "DND_PARALLEL,        -np,                5",
        "DND_N_PREDICT,       -n,                 33",
        "DND_TEMP,            --temp,             0.5",
        "DND_STORE,           --store,            adapters",
        "DND_LORA,            --lora,             a=b.gguf",
        "DND_MAX_BODY_KB,     --max-body-kb,      99",
        "DND_METRICS,         --metrics,          true",
        "DND_NO_UI,           --no-ui,            true",
        "DND_OFFLINE,         --offline,          true",
        "DND_HF_REPO,         -hf,                a/b:q8_0",
        "DND_CHAT_TEMPLATE,   --chat-template,    chatml",
        "DND_RECEIVE_TIMEOUT, --receive-timeout,  5",
        "DND_MAX_CONNECTIONS, --max-connections,  9",
        "DND_ALLOW_OPEN,      --allow-open,       true",
        "DND_JSON,            --json,             true",
    })
    void variable_set_isTheFlagsValueUntilTheCommandLineGivesOne(String variable, String flag, String value) {
        String given = flag.equals("--temp") ? "0.25" : "1";
        OptionSpec plain = parsed(Map.of(), "serve").findOption(flag);
        OptionSpec set = parsed(Map.of(variable, value), "serve").findOption(flag);
        boolean toggle = plain.arity().max() == 0;
        OptionSpec both = parsed(Map.of(variable, value), "serve", flag, toggle ? "" : given)
                .findOption(flag);

        assertThat(text(set)).isEqualTo(value).isNotEqualTo(text(plain));
        assertThat(text(both)).isEqualTo(toggle ? "true" : given);
    }

    @Test
    void variable_ofAListFlag_isReplacedByTheCommandLine() {
        Map<String, String> environment = Map.of("DND_API_KEY", "one", "DND_CORS_ORIGINS", "https://a,https://b");

        assertThat(parsed(environment, "serve").findOption("--cors-origins").<List<String>>getValue())
                .containsExactly("https://a", "https://b");
        assertThat(parsed(environment, "serve", "--api-key", "two", "--api-key", "three")
                        .findOption("--api-key")
                        .<List<String>>getValue())
                .containsExactly("two", "three");
    }

    @Test
    void variable_blank_countsAsAbsent() {
        assertThat(text(parsed(Map.of("DND_PORT", " "), "serve").findOption("--port")))
                .isEqualTo("8080");
    }

    @Test
    void variable_falseOfASwitch_isOffAndTheCommandLineTurnsItOn() {
        Map<String, String> off = Map.of("DND_METRICS", "false");

        assertThat(text(parsed(off, "serve").findOption("--metrics"))).isEqualTo("false");
        assertThat(text(parsed(off, "serve", "--metrics", "").findOption("--metrics")))
                .isEqualTo("true");
    }

    @Test
    void modelFlags_ofOtherCommands_areSetToo_othersNot() {
        Map<String, String> environment = Map.of("DND_THREADS", "3", "DND_JSON", "true", "DND_SEED", "99");
        CommandLine.Model.CommandSpec demo = parsed(environment, "demo");

        assertThat(text(demo.findOption("--threads"))).isEqualTo("3");
        assertThat(text(demo.findOption("--json"))).isEqualTo("false");
        assertThat(text(demo.findOption("--seed"))).isNotEqualTo("99");
    }

    @ParameterizedTest
    @ValueSource(strings = {"DND_HELP", "DND_VERSION"})
    void helpAndVersion_neverComeFromTheEnvironment(String variable) {
        assertThat(run(Map.of(variable, "true", "DND_PORT", "-1"), "serve").code())
                .isEqualTo(Main.USAGE);
    }

    @Test
    void value_thatIsNone_usageAndTheVariablesName() {
        Cli wrong = run(Map.of("DND_PORT", "many"), "serve");

        assertThat(wrong.code()).isEqualTo(Main.USAGE);
        assertThat(wrong.err()).contains("DND_PORT", "--port", "'many'").doesNotContain("\tat ");
        Cli maybe = run(Map.of("DND_METRICS", "maybe"), "serve");
        assertThat(maybe.code()).isEqualTo(Main.USAGE);
        assertThat(maybe.err()).contains("DND_METRICS", "--metrics", "'maybe'");
        assertThat(run(Map.of("DND_PORT", "9000"), "serve", "--port", "many").err())
                .contains("--port")
                .doesNotContain("DND_PORT");
    }

    @Test
    void help_showsTheDefaultsUnderTheEnvironmentAndTheRule() {
        Cli help = run(Map.of("DND_PORT", "9123", "DND_API_KEY", "a-secret"), "serve", "--help");

        assertThat(help.ok().out()).contains("Default: 9123", "DND_CTX_SIZE").doesNotContain("a-secret");
    }

    private static CommandLine.Model.CommandSpec parsed(Map<String, String> environment, String... words) {
        String[] given = List.of(words).stream().filter(word -> !word.isEmpty()).toArray(String[]::new);
        CommandLine.ParseResult parsed = Main.commandLine(environment).parseArgs(given);
        new EnvironmentDefaults(environment).setSwitches(parsed); // as Main does before it runs the command
        return parsed.subcommand().commandSpec();
    }

    private static String text(OptionSpec option) {
        Object value = option.getValue();
        return value instanceof List<?> list && list.size() == 1
                ? String.valueOf(list.getFirst())
                : String.valueOf(value);
    }

    private static Cli run(Map<String, String> environment, String... words) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), environment, words);
        return new Cli(code, out.toString(), err.toString());
    }
}
