package org.dndllm.llama;

import java.awt.Color;
import java.awt.GradientPaint;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.dndllm.format.GgmlType;
import org.dndllm.lora.BaseShape;
import org.dndllm.synth.SyntheticBase;
import org.dndllm.synth.SyntheticProjector;
import org.dndllm.synth.SyntheticVocabulary;

/** A Qwen2.5-VL model with its image encoder, small enough to be opened in every test, and pictures for it. Seeded. */
public final class TinyVision {
    static final BaseShape SHAPE = new BaseShape(BaseShape.QWEN2_VL, 2, 64, 4, 2, 16, 128, 300, true);
    /** Blocks with and without windows; no two measures alike. */
    static final SyntheticProjector PROJECTOR = new SyntheticProjector(3, 32, 2, 48, 14, 2, 64);

    private static final String TEXT =
            "what is in the picture? a red fox and a blue dog jump over the lazy line ".repeat(20);

    private TinyVision() {}

    public static Path model(Path folder) {
        return model(folder, GgmlType.F32);
    }

    public static Path model(Path folder, GgmlType type) {
        Path file = folder.resolve("tiny-vl-" + type + ".gguf");
        SyntheticBase.write(file, SHAPE, SyntheticVocabulary.train(TEXT, 280).withImageMarks(), type, 5, "tiny-vl");
        return file;
    }

    public static Path projector(Path folder) {
        Path file = folder.resolve("tiny-mmproj.gguf");
        PROJECTOR.write(file, 6);
        return file;
    }

    /** A picture with a gradient and a shape, as PNG. */
    public static byte[] png(int width, int height, Color left, Color right) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setPaint(new GradientPaint(0, 0, left, width, height, right));
        graphics.fillRect(0, 0, width, height);
        graphics.setPaint(Color.WHITE);
        graphics.fillRect(width / 4, height / 4, width / 3, height / 5);
        graphics.dispose();
        return encode(image, "png");
    }

    static byte[] encode(BufferedImage image, String format) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            if (ImageIO.write(image, format, bytes) == false) {
                throw new IllegalStateException("the JDK writes no " + format);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }
}
