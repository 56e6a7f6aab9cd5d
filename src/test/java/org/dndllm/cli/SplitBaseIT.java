package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.dndllm.engine.Nano;
import org.dndllm.format.GgufFile;
import org.dndllm.format.SplitGguf;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A base model in parts, wherever a command names one. */
class SplitBaseIT {
    @TempDir
    Path folder;

    private List<Path> parts;

    @BeforeEach
    void split() {
        parts = SplitGguf.of(Nano.BASE, 3).write(folder, "base");
    }

    @Test
    void inspect_firstPart_showsTheWhole() {
        Cli run = Cli.run("inspect", parts.getFirst()).ok();
        assertThat(run.out()).contains("one model in 3 parts", parts.get(2).toString());

        JsonNode whole = Cli.run("inspect", Nano.BASE, "--json").json().get(Nano.BASE.toString());
        JsonNode shown = Cli.run("inspect", parts.getFirst(), "--json")
                .json()
                .get(parts.getFirst().toString());
        assertThat(shown.get("parts")).hasSize(3);
        assertThat(shown.get("data_bytes")).isEqualTo(whole.get("data_bytes"));
        assertThat(shown.get("tensors")).isEqualTo(whole.get("tensors"));

        Cli.run("inspect", parts.get(1)).refused(1, parts.get(1).toString(), "split.no", "-00001-of-00003.gguf");
    }

    @Test
    void generate_onAModelInParts_provenanceHoldsItsHash() throws Exception {
        Path adapter = folder.resolve("adapter");
        Cli.run(
                        "generate",
                        "-m",
                        parts.getFirst(),
                        "--generator",
                        Nano.BUNDLE,
                        "--prompts",
                        Nano.REVERSE,
                        "--save-to",
                        adapter)
                .ok();
        assertThat(adapter.resolve("dnd.json")).content().contains(GgufFile.sha256(parts.getFirst()));
    }
}
