package org.dndllm.format;

import java.nio.file.Path;
import java.util.Map;

/** Where things are kept that can be made again, for one user and all runs. */
public final class UserCache {
    private UserCache() {}

    /**
     * The folder {@code dnd} in {@code XDG_CACHE_HOME}, or else in {@code .cache} of the home folder. It need not exist. A
     * shell script sees {@code HOME} and not the JVM's own opinion: both must land in one place, so it goes first.
     *
     * @param environment of the process; an empty variable counts as unset
     * @param home where {@code HOME} is not set
     */
    public static Path of(Map<String, String> environment, String home) {
        String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
        String own = environment.getOrDefault("HOME", "");
        Path root = cache.isEmpty() ? Path.of(own.isEmpty() ? home : own, ".cache") : Path.of(cache);
        return root.resolve("dnd");
    }
}
