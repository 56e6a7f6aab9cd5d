package org.dndllm.cli.nano;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.function.Consumer;
import org.dndllm.train.TrainingProgress;

/**
 * Where a stage works.
 *
 * @param root folder of the whole build
 * @param stage name of the stage
 * @param log hears what goes on, a line at a time
 */
public record Workplace(Path root, String stage, Consumer<String> log) {
    /** Seconds between lines about the progress of a run. */
    private static final Duration QUIET = Duration.ofSeconds(30);

    /** Subfolders of this name hold what a run needs to go on; they are no product. */
    static final String RUNS = "runs";

    /** The stage's own folder; it exists. */
    public Path folder() {
        return root.resolve(stage);
    }

    /** Where the stage keeps what a killed run goes on from. */
    public Path runs() {
        return folder().resolve(RUNS);
    }

    /** A product of another stage. */
    public Path of(String other, String file) {
        return root.resolve(other).resolve(file);
    }

    /** One line. */
    public void say(String format, Object... arguments) {
        log.accept(stage + ": " + String.format(Locale.ROOT, format, arguments));
    }

    /** A listener that says now and then how far a training run is, and at its end. */
    public Consumer<TrainingProgress> progress(String run) {
        return new Consumer<>() {
            private long said = System.nanoTime();

            @Override
            public void accept(TrainingProgress progress) {
                long now = System.nanoTime();
                boolean last = progress.step() == progress.steps();
                if (last || now - said >= QUIET.toNanos()) {
                    said = now;
                    say(
                            "%s step %d of %d, loss %.4f, %s left",
                            run, progress.step(), progress.steps(), progress.loss(), text(progress.remaining()));
                }
            }
        };
    }

    /** {@code 1 h 02 min}, {@code 12 min}, {@code 40 s}. */
    static String text(Duration duration) {
        if (duration.toHours() > 0) {
            return String.format(Locale.ROOT, "%d h %02d min", duration.toHours(), duration.toMinutesPart());
        }
        return duration.toMinutes() > 0 ? duration.toMinutes() + " min" : duration.toSeconds() + " s";
    }
}
