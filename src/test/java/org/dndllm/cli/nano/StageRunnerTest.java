package org.dndllm.cli.nano;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StageRunnerTest {
    @TempDir
    Path folder;

    private final List<String> calls = new ArrayList<>();
    private final List<String> log = new ArrayList<>();

    private Stage stage(String name, int setting, String... needs) {
        return new Stage(name, List.of(needs), Map.of("setting", setting), workplace -> {
            calls.add(name);
            Files.writeString(workplace.folder().resolve("product"), name + setting);
            Files.createDirectories(workplace.runs());
            Files.writeString(workplace.runs().resolve("scratch"), "" + System.nanoTime());
            return Map.of("number", setting);
        });
    }

    private Map<String, Object> run(List<Stage> stages, String... only) {
        return new StageRunner(folder, 7, log::add)
                .run(stages, Optional.of(only).filter(o -> o.length > 0).map(o -> o[0]));
    }

    @Test
    void run_twice_doesEachStageOnce() {
        List<Stage> stages = List.of(stage("a", 1), stage("b", 2, "a"));

        assertThat(run(stages)).containsOnlyKeys("a", "b");
        assertThat(run(stages)).containsOnlyKeys("a", "b");

        assertThat(calls).containsExactly("a", "b");
        assertThat(folder.resolve("b/done.json")).content().contains("\"number\": 2", "\"seed\": 7", "\"seconds\"");
        assertThat(log).anyMatch(line -> line.equals("b: is done"));
    }

    @Test
    void run_killedWithinAStage_doesThatStageAgain() {
        Stage broken = new Stage("b", List.of("a"), Map.of("setting", 2), workplace -> {
            throw new IllegalStateException("killed");
        });
        assertThatThrownBy(() -> run(List.of(stage("a", 1), broken))).hasMessage("killed");

        run(List.of(stage("a", 1), stage("b", 2, "a")));

        assertThat(calls).containsExactly("a", "b");
        assertThat(log).contains("b: goes on");
    }

    @Test
    void run_otherSettings_isRefusedAndKeepsWhatIsThere() {
        run(List.of(stage("a", 1), stage("b", 2, "a")));

        assertThatThrownBy(() -> run(List.of(stage("a", 1), stage("b", 3, "a"))))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("remove");
        assertThat(folder.resolve("b/product")).hasContent("b2");
    }

    @Test
    void run_unfinishedFromOtherSettings_isRefused() {
        Stage broken = new Stage("a", List.of(), Map.of("setting", 1), workplace -> {
            throw new IllegalStateException("killed");
        });
        assertThatThrownBy(() -> run(List.of(broken))).hasMessage("killed");

        assertThatThrownBy(() -> run(List.of(stage("a", 2)))).hasMessageContaining("begun.json");
        assertThat(calls).isEmpty();
    }

    @Test
    void run_productOfAnEarlierStageChanged_isRefused() throws Exception {
        run(List.of(stage("a", 1), stage("b", 2, "a")));
        Files.delete(folder.resolve("a/done.json"));
        Stage other = new Stage("a", List.of(), Map.of("setting", 1), workplace -> {
            Files.writeString(workplace.folder().resolve("product"), "another");
            return Map.of();
        });

        assertThatThrownBy(() -> run(List.of(other, stage("b", 2, "a")))).hasMessageContaining("done.json");
    }

    @Test
    void run_onlyOne_needsThoseBeforeIt() {
        List<Stage> stages = List.of(stage("a", 1), stage("b", 2, "a"));

        assertThatThrownBy(() -> run(stages, "b")).hasMessageContaining("needs [a]");
        run(stages, "a");
        run(stages, "b");

        assertThat(calls).containsExactly("a", "b");
    }

    @Test
    void run_folderInUse_isRefused() throws Exception {
        try (FileChannel channel =
                        FileChannel.open(folder.resolve(".lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            assertThat(lock.isValid()).isTrue();
            assertThatThrownBy(() -> run(List.of(stage("a", 1)))).hasMessageContaining("in use");
        }
    }
}
