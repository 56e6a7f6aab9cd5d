package org.dndllm.serve.adapter;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdapterRootTest {
    @TempDir
    Path folder;

    private Path root() throws IOException {
        Path root = Files.createDirectories(folder.resolve("root"));
        Files.writeString(folder.resolve("secret.gguf"), "x");
        Files.writeString(root.resolve("in.gguf"), "x");
        Files.createDirectories(root.resolve("peft"));
        return root;
    }

    @Test
    void resolve_within_givesTheRealPath() throws IOException {
        Path root = root();

        assertThat(AdapterRoot.of(root).resolve("in.gguf"))
                .isEqualTo(root.toRealPath().resolve("in.gguf"));
        assertThat(AdapterRoot.of(root).resolve(root.toRealPath() + "/peft/../in.gguf"))
                .isEqualTo(root.toRealPath().resolve("in.gguf"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"..", "../secret.gguf", "peft/../../secret.gguf", "/etc/passwd", "", " ", ".", "./", "../absent"
            })
    void resolve_outside_forbidden(String given) throws IOException {
        AdapterRoot root = AdapterRoot.of(root());

        refused(root, given, AdapterException.Code.PATH_FORBIDDEN);
    }

    @ParameterizedTest
    @ValueSource(strings = {"absent.gguf", "in.gguf/below", "nul\0byte"})
    void resolve_nothingThere_invalid(String given) throws IOException {
        refused(AdapterRoot.of(root()), given, AdapterException.Code.INVALID);
    }

    @Test
    void resolve_linksThatLeave_forbidden() throws IOException {
        Path root = root();
        Files.createSymbolicLink(root.resolve("file.gguf"), folder.resolve("secret.gguf"));
        Files.createSymbolicLink(root.resolve("up"), folder);
        Files.createSymbolicLink(root.resolve("peft/adapter_config.json"), folder.resolve("secret.gguf"));

        for (String given : new String[] {"file.gguf", "up/secret.gguf", "up", "peft"}) {
            refused(AdapterRoot.of(root), given, AdapterException.Code.PATH_FORBIDDEN);
        }
    }

    @Test
    void resolve_switchedOff_forbidden() {
        refused(AdapterRoot.closed(), "in.gguf", AdapterException.Code.PATH_FORBIDDEN);
    }

    private void refused(AdapterRoot root, String given, AdapterException.Code code) {
        assertThatThrownBy(() -> root.resolve(given)).as(given).isInstanceOfSatisfying(AdapterException.class, e -> {
            assertThat(e.code()).isEqualTo(code);
            assertThat(e.getMessage()).doesNotContain(folder.toString());
        });
    }
}
