package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.format.DType;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.LoraTensor;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.dndllm.lora.TargetModule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LoraFolderTest {
    private static final BaseShape SHAPE = new BaseShape(BaseShape.QWEN2, 1, 4, 2, 1, 2, 6, 10, true);

    @TempDir
    Path folder;

    /** An adapter of rank 1 whose values are all {@code mark}; its training time is the same number. */
    private void write(String place, float mark) throws IOException {
        float[] values = {mark, mark, mark, mark};
        PeftAdapter.write(
                folder.resolve(place),
                LoraWeights.of(SHAPE, 1, 2, DType.F32, List.of(new LoraTensor(0, TargetModule.Q_PROJ, values, values))),
                Map.of());
        Files.writeString(folder.resolve(place).resolve("dnd.json"), "{\"train_seconds\": " + mark + "}");
    }

    private float read(String task) {
        return LoraFolder.open(folder).read(task, SHAPE).orElseThrow().largestMagnitude();
    }

    @Test
    void read_oneAdapterPerTask_thatOne() throws IOException {
        write("a", 3);
        write("multitask", 4);
        LoraFolder loras = LoraFolder.open(folder);

        assertThat(read("a")).isEqualTo(3);
        assertThat(loras.multitask(SHAPE)).isPresent();
        assertThat(loras.trainSeconds("a")).hasValue(3);
        assertThat(loras.has("b")).isFalse();
        assertThat(loras.read("b", SHAPE)).isEmpty();
        assertThat(loras.trainSeconds("b")).isEmpty();
    }

    @Test
    void read_collectedCheckpoints_lastStepOrFirstSeed() throws IOException {
        // given
        write("steps/step-000900", 1);
        write("steps/step-001000", 2);
        write("seeds/seed-10", 5);
        write("seeds/seed-9", 6);
        Files.createDirectories(folder.resolve("begun/runs/seed-1"));

        // then: by number, not by name
        assertThat(read("steps")).isEqualTo(2);
        assertThat(read("seeds")).isEqualTo(6);
        assertThat(LoraFolder.open(folder).trainSeconds("seeds")).hasValue(6);
        assertThat(LoraFolder.open(folder).has("begun")).isFalse();
    }

    @Test
    void read_halfAnAdapter_refused() throws IOException {
        write("a", 3);
        Files.delete(folder.resolve("a").resolve(PeftAdapter.CONFIG_FILE));

        assertThatThrownBy(() -> read("a"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining(PeftAdapter.CONFIG_FILE);
    }

    @Test
    void trainSeconds_malformedProvenance_refused() throws IOException {
        write("a", 3);
        Files.writeString(folder.resolve("a/dnd.json"), "{\"train_seconds\": \"long\"}");

        assertThatThrownBy(() -> LoraFolder.open(folder).trainSeconds("a"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("train_seconds");
    }
}
