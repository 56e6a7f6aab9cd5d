package org.dndllm.format;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class UserCacheTest {
    @Test
    void of_variables_goByTheirOrder() {
        assertThat(UserCache.of(Map.of("XDG_CACHE_HOME", "/c", "HOME", "/h"), "/u"))
                .isEqualTo(Path.of("/c/dnd"));
        assertThat(UserCache.of(Map.of("XDG_CACHE_HOME", "", "HOME", "/h"), "/u"))
                .isEqualTo(Path.of("/h/.cache/dnd"));
        assertThat(UserCache.of(Map.of(), "/u")).isEqualTo(Path.of("/u/.cache/dnd"));
    }
}
