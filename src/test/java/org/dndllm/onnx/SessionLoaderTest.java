package org.dndllm.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SessionLoaderTest {
    @Test
    void cudaOptions_limit_goesToTheArenaWhichGrowsByNoMoreThanIsAsked() {
        SessionOptions options = SessionOptions.defaults().withGpuMemory(24L << 30);

        // names and values as ONNX Runtime's CUDA provider documents them
        assertThat(SessionLoader.cudaOptions(options))
                .containsOnlyKeys("gpu_mem_limit", "arena_extend_strategy")
                .containsEntry("gpu_mem_limit", "25769803776")
                .containsEntry("arena_extend_strategy", "kSameAsRequested");
    }

    @Test
    void cudaOptions_noLimit_areOnnxRuntimesOwn() {
        assertThat(SessionLoader.cudaOptions(SessionOptions.defaults())).isEmpty();
    }

    @Test
    void gpuMemory_lessThanAnySessionNeeds_refused() {
        assertThatThrownBy(() -> SessionOptions.defaults().withGpuMemory(SessionOptions.LEAST_GPU_MEMORY - 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("67108863");
    }
}
