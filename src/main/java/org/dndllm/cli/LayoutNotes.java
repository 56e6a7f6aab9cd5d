package org.dndllm.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import org.dndllm.format.UserCache;
import org.dndllm.onnx.LayoutCache;
import picocli.CommandLine.Model.CommandSpec;

/** Says on standard error that a generator is being laid out, which takes a while once, and how far it is. */
final class LayoutNotes implements LayoutCache.Listener {
    private static final int STEP_PERCENT = 20;

    private final PrintWriter err;
    private int said = -STEP_PERCENT;

    private LayoutNotes(PrintWriter err) {
        this.err = err;
    }

    /** The folder {@code dnd/layouts} of the user's cache. */
    static LayoutCache userCache(CommandSpec spec) {
        return new LayoutCache(
                UserCache.of(System.getenv(), System.getProperty("user.home", "."))
                        .resolve("layouts"),
                new LayoutNotes(spec.commandLine().getErr()));
    }

    @Override
    public void advanced(Path target, long done, long total) {
        int percent = (int) (done * 100 / Math.max(1, total));
        if (percent >= said + STEP_PERCENT) {
            said = percent / STEP_PERCENT * STEP_PERCENT;
            err.printf(
                    Locale.ROOT,
                    "laying the generator out for this machine, once: %d %% of %.1f GB in %s%n",
                    said,
                    total / 1e9,
                    target);
            err.flush();
        }
    }
}
