package org.dndllm.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.dndllm.engine.Progress;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** The output options that every command has, and the one place that writes to the two streams. */
final class Output {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private static final String RED = "\u001b[1;31m";
    private static final String PLAIN = "\u001b[0m";

    @Option(names = "--json", description = "Print the result as one JSON object on standard output.")
    private boolean json;

    @Option(names = "--no-progress", description = "No progress bars (they appear on a terminal only).")
    private boolean noProgress;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    boolean isJson() {
        return json;
    }

    /** A line of the human-readable result; nothing under {@code --json}. */
    void line(String format, Object... arguments) {
        if (!json) {
            out().println(arguments.length == 0 ? format : String.format(java.util.Locale.ROOT, format, arguments));
        }
    }

    /** A line of the human-readable result that must not be overlooked: red on a terminal. */
    void red(String line) {
        if (!json) {
            boolean colours = CommandLine.Help.Ansi.AUTO.enabled();
            out().println(colours ? RED + line + PLAIN : line);
        }
    }

    /** Text of the human-readable result without a line end, shown at once (streamed tokens). */
    void text(String text) {
        if (!json) {
            out().print(text);
            out().flush();
        }
    }

    /** The machine-readable result; nothing without {@code --json}. */
    void result(Map<String, ?> result) {
        if (json) {
            out().println(JSON.writeValueAsString(result));
        }
    }

    /** A remark for people, on standard error. */
    void note(String format, Object... arguments) {
        err().println(arguments.length == 0 ? format : String.format(java.util.Locale.ROOT, format, arguments));
    }

    /** The command as it was given, for records. */
    String command() {
        List<String> words = new ArrayList<>(List.of("dnd"));
        for (String word : spec().root().commandLine().getParseResult().originalArgs()) {
            words.add(word.isEmpty() || word.chars().anyMatch(Character::isWhitespace) ? "'" + word + "'" : word);
        }
        return String.join(" ", words);
    }

    /** Progress bars on standard error, if that is a terminal; otherwise nothing. */
    Progress progress() {
        boolean terminal = System.console() != null && System.console().isTerminal();
        return noProgress || json || !terminal ? Progress.NONE : new Bars();
    }

    private PrintWriter out() {
        return spec().commandLine().getOut();
    }

    private PrintWriter err() {
        return spec().commandLine().getErr();
    }

    private CommandSpec spec() {
        if (spec == null) {
            throw new AssertionError("picocli sets the spec before a command runs");
        }
        return spec;
    }

    /** One bar per stage; a new stage ends the last one. */
    private static final class Bars implements Progress {
        private @Nullable ProgressBar bar;
        private String stage = "";

        @Override
        public synchronized void advanced(String name, long done, long total) {
            ProgressBar current = bar;
            if (current == null || !name.equals(stage)) {
                if (current != null) {
                    current.close();
                }
                current = new ProgressBarBuilder()
                        .setTaskName(name)
                        .setInitialMax(total)
                        .setStyle(ProgressBarStyle.ASCII)
                        .setUpdateIntervalMillis(200)
                        .build();
                bar = current;
                stage = name;
            }
            current.stepTo(done);
            if (done >= total) {
                current.close();
                bar = null;
            }
        }
    }
}
