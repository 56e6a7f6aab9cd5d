package org.dndllm.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import javax.imageio.ImageIO;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LossPlotTest {
    @TempDir
    Path folder;

    @Test
    void read_resumedRun_addsTheSecondsOfItsProcesses() throws IOException {
        Files.writeString(folder.resolve("metrics.jsonl"), """
                {"step":1,"loss":4.0,"seconds":1.5}
                {"step":2,"loss":2.0,"validation_loss":2.5,"seconds":3.0}
                {"step":3,"loss":1.0,"seconds":0.5}
                """);

        MetricsHistory history = MetricsHistory.read(folder);

        assertThat(history.points()).element(1).isEqualTo(new MetricsHistory.Point(2, 2, OptionalDouble.of(2.5), 3));
        assertThat(history.seconds()).isCloseTo(3.5, within(1e-9));
    }

    @Test
    void read_noSuchFile_refused() {
        assertThatThrownBy(() -> MetricsHistory.read(folder))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContaining("metrics.jsonl");
    }

    @Test
    void write_losses_drawsCurveAndValidations() throws IOException {
        List<MetricsHistory.Point> points = new java.util.ArrayList<>();
        for (int step = 1; step <= 100; step++) {
            points.add(new MetricsHistory.Point(
                    step, 5.0 / step, step % 50 == 0 ? OptionalDouble.of(0.5) : OptionalDouble.empty(), step));
        }
        Path png = folder.resolve("loss.png");

        LossPlot.write(png, "run", new MetricsHistory(points));

        BufferedImage image = ImageIO.read(png.toFile());
        assertThat(count(image, 0x2F6FB7)).as("running mean").isGreaterThan(500);
        assertThat(count(image, 0xC0392B)).as("validations").isGreaterThan(50);
    }

    @Test
    void write_noSteps_stillDraws() {
        Path png = folder.resolve("loss.png");

        LossPlot.write(png, "run", new MetricsHistory(List.of()));

        assertThat(png).isNotEmptyFile();
    }

    private static int count(BufferedImage image, int colour) {
        int count = 0;
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                count += (image.getRGB(x, y) & 0xFFFFFF) == colour ? 1 : 0;
            }
        }
        return count;
    }
}
