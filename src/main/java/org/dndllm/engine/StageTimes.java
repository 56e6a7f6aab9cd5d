package org.dndllm.engine;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;

/** How long each stage of one generation took, in order. Wall time. */
public final class StageTimes {
    private final Map<String, Duration> stages = new LinkedHashMap<>();
    private final Progress progress;

    /** Tells nobody. */
    public StageTimes() {
        this(Progress.NONE);
    }

    /** @param progress told when each stage begins and ends */
    public StageTimes(Progress progress) {
        this.progress = progress;
    }

    /** Does the work of one stage and notes its time. */
    public <T> T time(String stage, Supplier<T> work) {
        progress.advanced(stage, 0, 1);
        long start = System.nanoTime();
        T result = work.get();
        stages.put(stage, Duration.ofNanos(System.nanoTime() - start));
        progress.advanced(stage, 1, 1);
        return result;
    }

    /** As {@link #time}, for work without a result. */
    public void run(String stage, Runnable work) {
        time(stage, () -> {
            work.run();
            return stage;
        });
    }

    /** Stage name to wall time, in the order they ran. */
    public Map<String, Duration> stages() {
        return Collections.unmodifiableMap(stages);
    }
}
