package org.dndllm.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;
import org.dndllm.EnvironmentException;
import org.dndllm.engine.OutOfDistribution.Score;
import org.dndllm.format.JsonValue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportFolderTest {
    private static final int STRONG = 0xFF2F6FB7;

    @TempDir
    Path folder;

    private static EvalReport report() {
        TaskResult task = Results.task(
                "made-up", Map.of(Control.BASE, 2, Control.GENERATED, 8, Control.JUNK, 1, Control.MULTITASK, -1));
        OodResult ood = OodResult.of(
                Map.of("h", List.of(new Score(1, 2), new Score(1.1, 2))),
                Map.of("o", List.of(new Score(3, 2), new Score(1.9, 2))));
        return new EvalReport(Map.of("base", "nano", "seeds", List.of(1L, 2L)), List.of(task), Optional.of(ood));
    }

    @Test
    void write_newFolder_allFiles() throws IOException {
        // when
        ReportFolder.write(folder.resolve("out"), report());

        // then
        Path out = folder.resolve("out");
        JsonValue.Obj json = JsonValue.parse(Files.readString(out.resolve("report.json")), "report.json")
                .asObject("report.json");
        assertThat(json.object("summary").object("controls").object("multitask").bool("measured"))
                .isFalse();
        assertThat(json.object("out_of_distribution").object("auroc").number("value"))
                .isEqualTo(1);
        assertThat(json.object("out_of_distribution").number("outside_flagged")).isEqualTo(0.5);
        assertThat(json.array("tasks").objects().getFirst().string("role")).isEqualTo("held_out");

        assertThat(Files.readString(out.resolve("report.md")))
                .contains("| generated adapter | 80.0 |", "not measured: nothing to load", "AUROC 1.000")
                .contains("made-up is made up");
        assertThat(Files.readAllLines(out.resolve("summary.csv"))).hasSize(5);
        assertThat(Files.readAllLines(out.resolve("tasks.csv"))).hasSize(4);
        assertThat(Files.readAllLines(out.resolve("answers.csv")))
                .hasSize(31)
                .contains("made-up,base,base,3,question 2,yes,\"no, \"\"2\"\"\",false");
    }

    @Test
    void write_again_replacesAndLeavesOthers() throws IOException {
        ReportFolder.write(folder, report());
        Files.writeString(folder.resolve("report.md"), "old");
        Files.writeString(folder.resolve("mine.txt"), "mine");

        ReportFolder.write(folder, report());

        assertThat(folder.resolve("report.md")).content().startsWith("# Evaluation");
        assertThat(folder.resolve("mine.txt")).hasContent("mine");
    }

    @Test
    void write_targetIsAFile_environmentException() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "x");

        assertThatThrownBy(() -> ReportFolder.write(file, report())).isInstanceOf(EnvironmentException.class);
        assertThat(file).hasContent("x");
    }

    @Test
    void chart_bars_lengthFollowsAccuracy() throws IOException {
        // given
        List<BarChart.Bar> half = List.of(
                new BarChart.Bar("a", Optional.of(new Estimate(0.5, 0.4, 0.6)), true),
                new BarChart.Bar("b", Optional.empty(), false));
        List<BarChart.Bar> quarter = List.of(
                new BarChart.Bar("a", Optional.of(new Estimate(0.25, 0.2, 0.3)), true),
                new BarChart.Bar("b", Optional.empty(), false));

        // then
        double ratio = (double) strongPixels("half.png", half) / strongPixels("quarter.png", quarter);
        assertThat(ratio).isBetween(1.9, 2.1);
    }

    private long strongPixels(String name, List<BarChart.Bar> bars) throws IOException {
        Path png = folder.resolve(name);
        BarChart.write(png, "Title", bars);
        BufferedImage image = ImageIO.read(png.toFile());
        long count = 0;
        for (int pixel : image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth())) {
            count += pixel == STRONG ? 1 : 0;
        }
        return count;
    }
}
