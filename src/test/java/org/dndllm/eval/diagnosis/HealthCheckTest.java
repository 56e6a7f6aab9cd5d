package org.dndllm.eval.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.dndllm.InvalidInputException;
import org.dndllm.eval.diagnosis.AdapterHealth.Finding;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.BaseShape;
import org.dndllm.lora.GgufAdapter;
import org.dndllm.lora.LoraWeights;
import org.dndllm.lora.PeftAdapter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every fault that shows without a running model, in both file forms. */
class HealthCheckTest {
    private static final HealthCheck CHECK = HealthCheck.of(Loras.SHAPE);

    @TempDir
    Path folder;

    private Path write(String form, LoraWeights weights) {
        if (form.equals("gguf")) {
            Path file = folder.resolve("adapter.gguf");
            GgufAdapter.write(file, weights, GgmlType.F32);
            return file;
        }
        Path file = folder.resolve("peft");
        PeftAdapter.write(file, weights, Map.of());
        return file;
    }

    @ParameterizedTest
    @ValueSource(strings = {"peft", "gguf"})
    void file_soundAdapter_noFindingAndWhatWasNotChecked(String form) {
        AdapterHealth health = CHECK.file(write(form, Loras.random(1)));

        assertThat(health.broken()).isFalse();
        assertThat(health.findings()).isEmpty();
        assertThat(health.notChecked()).hasSize(3).anyMatch(line -> line.startsWith("sign:"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"peft", "gguf"})
    void file_zeroB_isZero(String form) {
        only(Fault.ZERO, CHECK.file(write(form, Loras.zeroed(Loras.random(1)))), "zero");
    }

    @ParameterizedTest
    @ValueSource(strings = {"peft", "gguf"})
    void file_oneNan_isNonFiniteAndNamesTheTensor(String form) throws IOException {
        Path file = write(form, Loras.random(1));
        Path data = form.equals("peft") ? file.resolve("adapter_model.safetensors") : file;
        byte[] bytes = Files.readAllBytes(data);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(bytes.length - 4, Float.NaN);
        Files.write(data, bytes);

        only(Fault.NON_FINITE, CHECK.file(file), "NaN", form.equals("peft") ? "lora_" : ".lora_");
    }

    @ParameterizedTest
    @ValueSource(strings = {"peft", "gguf"})
    void file_ofAWiderBase_isOtherBase(String form) {
        BaseShape wider = new BaseShape("qwen2", 2, 128, 4, 2, 16, 96, 320, true);

        only(Fault.OTHER_BASE, CHECK.file(write(form, Loras.random(wider, 1))), "64");
    }

    @ParameterizedTest
    @ValueSource(strings = {"peft", "gguf"})
    void file_ofADeeperBase_isOtherBase(String form) {
        BaseShape deeper = new BaseShape("qwen2", 3, 64, 4, 2, 16, 96, 320, true);

        only(Fault.OTHER_BASE, CHECK.file(write(form, Loras.random(deeper, 1))), "2 layers");
    }

    @Test
    void file_ofAnotherArchitecture_isOtherBase() {
        BaseShape vision = new BaseShape("qwen2vl", 2, 64, 4, 2, 16, 96, 320, true);

        only(Fault.OTHER_BASE, CHECK.file(write("gguf", Loras.random(vision, 1))), "qwen2vl");
    }

    @ParameterizedTest
    @ValueSource(strings = {"peft", "gguf"})
    void file_provenanceNamesAnotherBaseFile_isOtherBase(String form) throws IOException {
        Path file = write(form, Loras.random(1));
        Path json = form.equals("peft") ? file.resolve("dnd.json") : folder.resolve("dnd.json");
        Files.writeString(json, "{\"base\": {\"sha256\": \"aaaaaaaaaaaaaaaaaaaa\"}}");

        only(Fault.OTHER_BASE, CHECK.withBaseSha256("bbbbbbbbbbbbbbbbbbbb").file(file), "aaaaaaaaaaaa", "bbbbbbbbbbbb");
        assertThat(CHECK.withBaseSha256("aaaaaaaaaaaaaaaaaaaa").file(file).broken())
                .isFalse();
        assertThat(CHECK.file(file).broken()).isFalse();
    }

    @Test
    void file_truncated_isUnreadable() throws IOException {
        Path file = write("gguf", Loras.random(1));
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length / 2));

        only(Fault.UNREADABLE, CHECK.file(file), "adapter.gguf");
    }

    @Test
    void file_peftWithoutConfig_isUnreadable() throws IOException {
        Path peft = write("peft", Loras.random(1));
        Files.delete(peft.resolve("adapter_config.json"));

        only(Fault.UNREADABLE, CHECK.file(peft), "adapter_config.json");
    }

    @Test
    void file_absent_isTheCallersMistake() {
        assertThatThrownBy(() -> CHECK.file(folder.resolve("absent")))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("does not exist");
    }

    @Test
    void weights_negatedReference_isSignFlipped() {
        LoraWeights reference = Loras.random(1);
        HealthCheck check = CHECK.withReferences(Map.of("trusted", reference));

        only(Fault.SIGN_FLIPPED, check.weights("flipped", Loras.negated(reference)), "-1.000", "trusted");
        assertThat(check.weights("same", reference).broken()).isFalse();
        assertThat(check.weights("other", Loras.random(2)).broken()).isFalse();
    }

    @Test
    void weights_elevenTimesTheReference_isHuge() {
        LoraWeights reference = Loras.random(1);
        HealthCheck check = CHECK.withReferences(Map.of("trusted", reference));

        only(Fault.HUGE, check.weights("big", reference.withAlpha(11 * reference.alpha())), "11", "trusted");
        assertThat(check.weights("large", reference.withAlpha(9 * reference.alpha()))
                        .broken())
                .isFalse();
    }

    @Test
    void weights_valuesBeyondF16_isHuge() {
        LoraWeights weights = Loras.random(1);
        weights.tensors().getFirst().a()[0] = 1e6f;
        LoraWeights read =
                LoraWeights.of(weights.shape(), weights.rank(), weights.alpha(), weights.dtype(), weights.tensors());

        only(Fault.HUGE, CHECK.weights("big", read), "1.00e+06");
    }

    private static void only(Fault fault, AdapterHealth health, String... inSentence) {
        assertThat(health.findings()).extracting(Finding::fault).containsExactly(fault);
        assertThat(health.findings().getFirst().sentence()).contains(inSentence);
        assertThat(health.broken()).isTrue();
        assertThat(health.toJson()).containsEntry("broken", true);
    }
}
