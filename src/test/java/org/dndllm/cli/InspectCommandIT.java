package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.dndllm.engine.Nano;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code dnd inspect}. */
class InspectCommandIT {
    private static final Path RESOURCES = Cli.ROOT.resolve("src/test/resources");
    private static final Path PEFT = RESOURCES.resolve("lora/peft-tiny");

    @TempDir
    Path folder;

    @ParameterizedTest
    @CsvSource({
        "onnx/nano/base.gguf, gguf, qwen2.block_count",
        "onnx/nano/compact, generator bundle, all hashes verified",
        "src/test/resources/format/reference.safetensors, safetensors, tensors",
        "src/test/resources/format/nested.pt, torch archive, tensors",
        "src/test/resources/format/state_dict.pth, torch archive, tensors",
        "src/test/resources/lora/peft-tiny, peft adapter, tensors",
    })
    void inspect_everyKind_saysWhatItHolds(String file, String kind, String text) {
        Path path = Cli.ROOT.resolve(file);

        assertThat(Cli.run("inspect", path, "--tensors").ok().out()).contains(path.toString(), text);
        assertThat(Cli.run("inspect", path, "--json")
                        .json()
                        .get(path.toString())
                        .get("kind")
                        .asString())
                .isEqualTo(kind);
    }

    @Test
    void inspect_compactBundle_showsTheFamily() {
        Path bundle = Nano.compactBundle(folder.resolve("compact")).folder();

        assertThat(Cli.run("inspect", bundle).ok().out())
                .contains("family      compact, kernel 3", "8 slots of width 32", " of 4 x 32, plain");
        JsonNode generator = Cli.run("inspect", bundle, "--json")
                .json()
                .get(bundle.toString())
                .get("generator");
        assertThat(generator.get("family").asString()).isEqualTo("compact");
        assertThat(generator.get("slots").asInt()).isEqualTo(8);
    }

    @Test
    void inspect_peftFolder_saysWhatWasCheckedAndWhatNot() {
        assertThat(Cli.run("inspect", PEFT).ok().out())
                .contains("checked: configuration", "not checked, for want of a base model: layers, features");
        JsonNode json = Cli.run("inspect", PEFT, "--json").json().get(PEFT.toString());
        assertThat(json.get("pairs").asInt()).isPositive();
        assertThat(json.get("not_checked")).hasSize(2);
    }

    /** The ranks are those that PEFT gave its modules: expected.json beside the adapter. */
    @Test
    void inspect_peftFolderOfSeveralRanks_showsTheRankOfEachModule() throws IOException {
        Path mixed = PEFT.resolveSibling("peft-tiny-mixed");

        assertThat(Cli.run("inspect", mixed).ok().out())
                .contains("rank 5, alpha", "q_proj in", "dnd lora canonicalize");

        Map<String, Integer> ranks = new TreeMap<>();
        JsonNode json = Cli.run("inspect", mixed, "--json").json().get(mixed.toString());
        json.get("groups")
                .forEach(group -> group.get("modules")
                        .forEach(module ->
                                ranks.put(module.asString(), group.get("rank").asInt())));
        Map<String, Integer> expected = new TreeMap<>();
        new JsonMapper()
                .readTree(Files.readString(mixed.resolve("expected.json")))
                .get("modules")
                .forEach(module -> expected.put(
                        module.get("module").asString(), module.get("rank").asInt()));
        assertThat(ranks).isEqualTo(expected);
        assertThat(json.has("rank")).isFalse();
    }

    @Test
    void inspect_peftThatIsMoreThanPairs_refusedLikeElsewhere() throws IOException {
        // given: a configuration that readers refuse whatever the base model
        Files.copy(PEFT.resolve("adapter_model.safetensors"), folder.resolve("adapter_model.safetensors"));
        Path config = folder.resolve("adapter_config.json");
        String sound = Files.readString(PEFT.resolve("adapter_config.json"));

        Files.writeString(config, sound.replaceFirst("\\{", "{\"use_qalora\": true,"));
        Cli.run("inspect", folder).refused(1, config.toString(), "use_qalora");

        Files.writeString(config, sound.replaceFirst("\"r\": *\\d+", "\"r\": 3"));
        Cli.run("inspect", folder).refused(1, "adapter_model.safetensors", "lora_", "with r = 3");
    }

    @Test
    void inspect_brokenAdapterConfig_refusedLikeElsewhere() throws IOException {
        Files.copy(PEFT.resolve("adapter_model.safetensors"), folder.resolve("adapter_model.safetensors"));
        Path config = Files.writeString(folder.resolve("adapter_config.json"), "{\"r\": ");

        Cli.run("inspect", folder).refused(1, config.toString());
    }

    @Test
    void inspect_twoPromptFiles_comparesThem() {
        JsonNode json =
                Cli.run("inspect", Nano.REVERSE, Nano.ADDITION, "--json").json();

        assertThat(json.get("files").propertyNames()).hasSize(2);
        assertThat(json.get("cosine_between")).hasSize(2);
        assertThat(json.get("cosine_between").get(0).get(1).asDouble()).isBetween(-1.001, 1.001);
        assertThat(Cli.run("inspect", Nano.REVERSE, Nano.ADDITION).ok().out())
                .contains("96 prompts", "mean cosine between files");
    }

    @Test
    void inspect_wrongFiles_refusedNamingThem() throws IOException {
        Path cut = Files.write(folder.resolve("cut.gguf"), new byte[] {'G', 'G', 'U', 'F', 3});
        Path strange = Files.createFile(folder.resolve("model.xyz"));

        Cli.run("inspect", cut).refused(1, cut.toString());
        Cli.run("inspect", strange).refused(1, strange.toString(), ".safetensors");
        Cli.run("inspect", folder.resolve("absent.json")).refused(1, "absent.json", "does not exist");
        Cli.run("inspect", folder).refused(1, folder.toString(), "bundle.json");
    }
}
