package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.dndllm.EnvironmentException;
import org.dndllm.bindings.LlamaCpp;
import org.dndllm.bindings.Mtmd;
import org.junit.jupiter.api.Test;

class HandshakeTest {
    private static final NativePin PIN = new NativePin("0.5.0", "0ad4a86", "0.25.1", "3.22.1");

    @Test
    void requireVersion_sameBuild_passes() {
        assertThatCode(() -> Handshake.requireVersion("0.5.0-dev", "0.25.1", PIN, "lib"))
                .doesNotThrowAnyException();
        assertThatCode(() -> Handshake.requireVersion("0.5.0", "0.25.1", PIN, "lib"))
                .doesNotThrowAnyException();
    }

    @Test
    void requireVersion_otherBuild_namesBothVersions() {
        for (String[] other : new String[][] {{"0.5.1-dev", "0.25.1"}, {"0.5.01", "0.25.1"}, {"0.5.0-dev", "0.25.2"}}) {
            assertThatThrownBy(() -> Handshake.requireVersion(other[0], other[1], PIN, "/x/libllama.so"))
                    .isInstanceOf(EnvironmentException.class)
                    .hasMessageContainingAll("/x/libllama.so", other[0], other[1], "0.5.0", "0.25.1", "native/install");
        }
    }

    @Test
    void requireSymbols_someMissing_namesAll() {
        assertThatThrownBy(() ->
                        Handshake.requireSymbols(List.of("a", "b", "c"), name -> name.equals("b"), "/x/libllama.so"))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("2 of 3")
                .hasMessageContaining("a, c");
    }

    @Test
    void boundSymbols_ofTheBindings_areTheCFunctions() {
        assertThat(Handshake.boundSymbols(LlamaCpp.class))
                .hasSizeGreaterThan(150)
                .contains("llama_decode", "ggml_set_abort_callback", "llama_adapter_lora_init_from_file_ptr")
                .noneMatch(name -> name.startsWith("mtmd_"));
        assertThat(Handshake.boundSymbols(Mtmd.class))
                .contains("mtmd_init_from_file", "mtmd_helper_eval_chunk_single")
                .allMatch(name -> name.startsWith("mtmd_"));
    }
}
