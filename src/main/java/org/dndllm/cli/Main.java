package org.dndllm.cli;

import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.dndllm.DndException;
import org.dndllm.EnvironmentException;
import org.dndllm.InvalidInputException;
import org.dndllm.llama.ContextFullException;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** Entry point of {@code dnd}: finds the command, maps exceptions to exit codes. */
@Command(
        name = "dnd",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        synopsisSubcommandLabel = "COMMAND",
        header = "Unlabelled prompts in, LoRA adapter out, live in a running Qwen2.5 model (arXiv 2506.16406).",
        footer = {
            "",
            "Examples:",
            "  dnd demo                                              the main job on the embedded nano set",
            "  dnd generate --prompts task.json --save-to my-adapter  an adapter from your prompts",
            "  dnd chat --lora my-adapter/adapter.gguf                talk to the base model with it",
            "  dnd serve                                             the same over HTTP, for any OpenAI client",
            "  dnd eval --tasks my-tasks --controls                   score adapters beside all controls",
            "  dnd score ARC-c_test.json --lora my-adapter            base and adapter on a benchmark, by every scorer",
            "  dnd pull qwen2.5-0.5b-instruct                        a base model from the hub, for -m",
            "  dnd doctor                                            what this machine offers",
            "",
            "Exit codes: 0 ok, 1 failure, 2 usage, 3 environment (something is missing on this machine).",
        },
        subcommands = {
            DemoCommand.class,
            GenerateCommand.class,
            ChatCommand.class,
            ServeCommand.class,
            EvalCommand.class,
            ScoreCommand.class,
            ScoreCodeCommand.class,
            ConvertCommand.class,
            LoraCommand.class,
            BlendCommand.class,
            InspectCommand.class,
            DiagnoseCommand.class,
            DoctorCommand.class,
            PullCommand.class,
            CollectCommand.class,
            TrainCommand.class,
            ExtractorCommand.class,
            ImportCommand.class,
            BenchCommand.class,
            BuildNanoCommand.class,
            ExperimentCommand.class,
            CommandLine.HelpCommand.class,
        })
public final class Main {
    static final int FAILURE = 1;
    static final int USAGE = 2;
    static final int ENVIRONMENT = 3;

    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] arguments) {
        quietLog();
        // charts are drawn to files; a broken DISPLAY must not matter
        System.setProperty("java.awt.headless", "true");
        PrintWriter out = new PrintWriter(new java.io.OutputStreamWriter(System.out, StandardCharsets.UTF_8), true);
        PrintWriter err = new PrintWriter(new java.io.OutputStreamWriter(System.err, StandardCharsets.UTF_8), true);
        int code = run(out, err, arguments);
        out.flush();
        err.flush();
        System.exit(code);
    }

    /** Standard error is for people: warnings only, unless the user set slf4j-simple's own property. */
    private static void quietLog() {
        String level = "org.slf4j.simpleLogger.defaultLogLevel";
        if (System.getProperty(level) == null) {
            System.setProperty(level, "warn");
        }
    }

    /** Runs one command with the given streams; what {@link #main} does, for tests. */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        return run(out, err, System.getenv(), arguments);
    }

    /** The same under another environment, as far as flags come from there. */
    static int run(PrintWriter out, PrintWriter err, Map<String, String> environment, String... arguments) {
        CommandLine line = commandLine(environment).setOut(out).setErr(err);
        if (arguments.length == 0) {
            line.usage(err); // standard output is for results
            return USAGE;
        }
        return line.execute(arguments);
    }

    /** The whole command line, before it reads any words. */
    static CommandLine commandLine(Map<String, String> environment) {
        EnvironmentDefaults defaults = new EnvironmentDefaults(environment);
        CommandLine line = new CommandLine(new Main())
                .setDefaultValueProvider(defaults)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setUsageHelpWidth(100)
                .setExecutionStrategy(parsed -> {
                    defaults.setSwitches(parsed);
                    return new CommandLine.RunLast().execute(parsed);
                })
                .setExecutionExceptionHandler(Main::explain);
        CommandLine.IParameterExceptionHandler usual = line.getParameterExceptionHandler();
        return line.setParameterExceptionHandler((failure, words) -> defaults.explain(failure, usual, words));
    }

    private static int explain(Exception failure, CommandLine line, CommandLine.ParseResult parsed) {
        // a conversation longer than the context is the user's to shorten, no defect
        if (failure instanceof DndException || failure instanceof ContextFullException) {
            line.getErr().println("dnd: " + failure.getMessage());
        } else {
            line.getErr().println("dnd: unexpected failure, please report it with the lines below");
            failure.printStackTrace(line.getErr());
        }
        return switch (failure) {
            case EnvironmentException environment -> ENVIRONMENT;
            case InvalidInputException input when Flags.isUsage(input) -> USAGE;
            default -> FAILURE;
        };
    }
}
