package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.dndllm.engine.DragAndDrop;
import org.dndllm.engine.GeneratorBundle;
import org.dndllm.engine.MeasuredResults;
import org.dndllm.engine.Nano;
import org.dndllm.eval.EvalWorld;
import org.dndllm.format.Sha256;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Results in a bundle: written by eval, verified by opening, shown by inspect. */
class EvalRecordIT {
    @TempDir
    Path folder;

    private EvalWorld world;
    private Path bundle;
    private Path manifest;

    @BeforeEach
    void set() throws IOException {
        try (DragAndDrop dnd = DragAndDrop.open(Nano.BASE, Nano.BUNDLE, EvalWorld.OPTIONS)) {
            world = EvalWorld.make(folder, dnd);
        }
        bundle = Files.createDirectories(folder.resolve("set/mine"));
        try (Stream<Path> files = Files.list(Nano.BUNDLE)) {
            for (Path file : files.toList()) {
                Files.copy(file, bundle.resolve(file.getFileName()));
            }
        }
        manifest = folder.resolve("set/MANIFEST.json");
        Files.writeString(manifest, """
                {"command": "make", "seed": 5, "files": [
                  {"file": "mine/bundle.json", "bytes": 1, "sha256": "0", "stage": "mine"},
                  {"file": "other/bundle.json", "bytes": 2, "sha256": "1", "stage": "other"}]}
                """);
    }

    private Cli eval(Object... more) {
        List<Object> all = new ArrayList<>(List.of("eval", "-t", "1", "-n", EvalWorld.TOKENS, "--seeds", "1"));
        all.addAll(List.of("--shots", "2", "--items", "4", "--tasks", world.tasks(), "--generator", bundle));
        all.addAll(Arrays.asList(more));
        return Cli.run(all.toArray());
    }

    @Test
    void record_writesWhatWasPrintedAndOpeningVerifies() throws IOException {
        // given
        String before = GeneratorBundle.open(bundle).sha256();

        // when
        JsonNode printed = eval("--record", "--json").json();

        // then
        MeasuredResults results =
                GeneratorBundle.open(bundle).manifest().results().orElseThrow();
        assertThat(results.bundle()).isEqualTo(before);
        assertThat(results.base()).isEqualTo(Sha256.of(Nano.BASE));
        assertThat(results.command()).startsWith("dnd eval -t 1").endsWith("--record --json");
        assertThat(results.items()).isEqualTo(8);
        assertThat(results.seeds()).containsExactly(1L);
        MeasuredResults.Task task = results.tasks().getFirst();
        assertThat(task.testSha256()).isEqualTo(Sha256.of(world.tasks().resolve(task.name() + "_test.json")));
        assertThat(task.trainSha256()).isEqualTo(Sha256.of(world.tasks().resolve(task.name() + "_train.json")));
        assertThat(results.rows()).hasSize(10); // all controls, measured or not
        for (MeasuredResults.Row row : results.rows()) {
            JsonNode control = printed.at("/summary/controls/" + row.control());
            assertThat(row.accuracy().isPresent())
                    .isEqualTo(control.get("measured").asBoolean());
            row.accuracy()
                    .ifPresent(interval -> assertThat(interval.low())
                            .isEqualTo(control.at("/accuracy/low").asDouble()));
        }

        // and: the manifest of the set knows the new file
        JsonNode files =
                JsonMapper.shared().readTree(Files.readString(manifest)).get("files");
        assertThat(files.at("/0/sha256").asString()).isEqualTo(Sha256.of(bundle.resolve("bundle.json")));
        assertThat(files.at("/0/bytes").asLong()).isEqualTo(Files.size(bundle.resolve("bundle.json")));
        assertThat(files.at("/1/sha256").asString()).isEqualTo("1");

        // and: inspect shows it
        Cli shown = Cli.run("inspect", bundle).ok();
        assertThat(shown.out()).contains("2 tasks, 8 test items", "generated from junk prompts", results.command());
        assertThat(Cli.run("inspect", bundle, "--json").json().toString()).contains("\"results\":{\"command\"");

        // and: not a second time, unless asked to
        eval("--record").refused(1, "bundle.json", "results", "let them be replaced");
        eval("--record", "--replace").ok();
        assertThat(GeneratorBundle.open(bundle)
                        .manifest()
                        .results()
                        .orElseThrow()
                        .bundle())
                .isNotEqualTo(before);
    }

    @Test
    void record_readOnlyBundle_refusedBeforeMeasuring() throws IOException {
        Files.setPosixFilePermissions(bundle, java.nio.file.attribute.PosixFilePermissions.fromString("r-xr-xr-x"));
        assumeFalse(Files.isWritable(bundle), "this user may write anything");
        eval("--record").refused(3, "bundle.json", "cannot be written");
    }

    @Test
    void record_impossibleFlags_areUsage() {
        eval("--record", "--ood").refused(2, "--record");
        eval("--replace").refused(2, "--replace", "--record");
        assertThat(GeneratorBundle.open(bundle).manifest().results()).isEmpty();
    }
}
