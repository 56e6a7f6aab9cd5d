package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LayoutNotesTest {
    @Test
    void folder_followsTheCacheOfTheUser() {
        assertThat(LayoutNotes.folder(Map.of("XDG_CACHE_HOME", "/c", "HOME", "/h"), "/u"))
                .isEqualTo(Path.of("/c/dnd/layouts"));
        assertThat(LayoutNotes.folder(Map.of("XDG_CACHE_HOME", "", "HOME", "/h"), "/u"))
                .isEqualTo(Path.of("/h/.cache/dnd/layouts"));
        assertThat(LayoutNotes.folder(Map.of(), "/u")).isEqualTo(Path.of("/u/.cache/dnd/layouts"));
    }
}
