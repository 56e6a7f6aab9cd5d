package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.dndllm.engine.Nano;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ChatCommandIT {
    @TempDir
    static Path shared;

    private static Path adapter;

    @BeforeAll
    static void generate() {
        Cli.run(
                        "generate",
                        "--generator",
                        Nano.BUNDLE,
                        "--prompts",
                        Nano.REVERSE,
                        "--save-to",
                        shared.resolve("adapter"))
                .ok();
        adapter = shared.resolve("adapter/adapter.gguf");
    }

    @Test
    void chat_prompt_printsTheAnswerAlone() {
        Cli text = Cli.run("chat", "--prompt", "hello", "-n", 5).ok();
        JsonNode json = Cli.run("chat", "--prompt", "hello", "-n", 5, "--json").json();

        assertThat(json.get("tokens").asInt()).isLessThanOrEqualTo(5);
        assertThat(json.get("finish").asString()).isIn("length", "stop");
        assertThat(text.out()).isEqualTo(json.get("text").asString() + System.lineSeparator());
        assertThat(text.err()).isEmpty();
    }

    @Test
    void chat_adapters_changeTheAnswer() {
        String base = Cli.run("chat", "--prompt", "hello", "-n", 8).ok().out();
        String once = Cli.run("chat", "--prompt", "hello", "-n", 8, "--lora", adapter)
                .ok()
                .out();
        String one = Cli.run("chat", "--prompt", "hello", "-n", 8, "--lora-scaled", adapter + ":1")
                .ok()
                .out();
        String strong = Cli.run("chat", "--prompt", "hello", "-n", 8, "--lora-scaled", adapter + ":100")
                .ok()
                .out();
        String zero = Cli.run("chat", "--prompt", "hello", "-n", 8, "--lora-scaled", adapter + ":0")
                .ok()
                .out();

        // random weights at their own size need not change the answers of a trained base
        assertThat(strong).isNotEqualTo(base);
        assertThat(once).isEqualTo(one);
        assertThat(zero).isEqualTo(base);
    }

    @Test
    void chat_wrongFlags_refused() {
        Cli.run("chat", "--prompt", "a", "--lora", shared.resolve("absent.gguf"))
                .refused(1, "absent.gguf");
        Cli.run("chat", "--prompt", "a", "--lora", Nano.BASE).refused(1, Nano.BASE.toString());
        Cli.run("chat", "--prompt", "a", "--lora-scaled", adapter).refused(2, "--lora-scaled", "FILE:SCALE");
        Cli.run("chat", "--prompt", "a", "--lora-scaled", adapter + ":NaN").refused(2, "--lora-scaled", "finite");
        Cli.run("chat", "--prompt", "a", "--temp", "-1").refused(2, "temperature");
        Cli.run("chat", "--prompt", "a", "-ngl", 3).refused(2, "backend");
        Cli.run("chat", "--prompt", "a", "-m", shared.resolve("absent.gguf")).refused(1, "absent.gguf");
        Cli.run("chat", "--json").refused(2, "--json", "--prompt");
    }

    @Test
    void chat_promptLongerThanTheContext_refusedPlainly() {
        Cli.run("chat", "--prompt", "garden ".repeat(500), "-c", 256).refused(1, "256", "shorten the prompt");
    }

    @Test
    void chat_conversation_commandsWorkAndErrorsDoNotEndIt() {
        // given
        String input = String.join(
                "\n",
                "hello",
                "/lora " + adapter,
                "/reset",
                "hello",
                "/lora absent.gguf",
                "/lora " + adapter + " much",
                "/lora",
                "/nonsense",
                "/base",
                "/reset",
                "hello",
                "garden ".repeat(3000),
                "/reset",
                "hello",
                "/quit",
                "never read");

        // when
        Cli run = CommandsIT.withInput(input, () -> Cli.run("chat", "-n", 6, "-c", 512))
                .ok();

        // then
        String one = Cli.run("chat", "--prompt", "hello", "-n", 6).ok().out();
        assertThat(run.out()).startsWith(one).endsWith(one + one).doesNotContain("never read");
        assertThat(run.err().lines())
                .satisfiesExactly(
                        line -> assertThat(line).startsWith("attached "),
                        line -> assertThat(line).contains("absent.gguf"),
                        line -> assertThat(line).contains("'much' is not a number"),
                        line -> assertThat(line).contains("needs a file"),
                        line -> assertThat(line).contains("unknown command /nonsense"),
                        line -> assertThat(line).contains("base model"),
                        line -> assertThat(line).contains("do not fit", "/reset"));
    }
}
