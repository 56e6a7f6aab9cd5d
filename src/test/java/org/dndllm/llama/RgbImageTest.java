package org.dndllm.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.Color;
import java.awt.image.BufferedImage;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.CRC32;
import org.dndllm.InvalidInputException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RgbImageTest {
    @Test
    void decode_colours_areRedGreenBlueFromTheTop() {
        BufferedImage image = new BufferedImage(2, 2, BufferedImage.TYPE_INT_RGB);
        image.setRGB(0, 0, 0x010203);
        image.setRGB(1, 0, 0xff0000);
        image.setRGB(0, 1, 0x00ff00);
        image.setRGB(1, 1, 0x0000fe);

        RgbImage read = RgbImage.decode(TinyVision.encode(image, "png"), "x.png");

        assertThat(read.width()).isEqualTo(2);
        assertThat(read.height()).isEqualTo(2);
        assertThat(read.pixels()).containsExactly(1, 2, 3, 255, 0, 0, 0, 255, 0, 0, 0, 254);
    }

    @Test
    void decode_transparency_isDropped() {
        BufferedImage image = new BufferedImage(1, 1, BufferedImage.TYPE_INT_ARGB);
        image.setRGB(0, 0, 0x100a141e);

        assertThat(RgbImage.decode(TinyVision.encode(image, "png"), "x.png").pixels())
                .containsExactly(10, 20, 30);
    }

    @ParameterizedTest
    @ValueSource(ints = {BufferedImage.TYPE_BYTE_GRAY, BufferedImage.TYPE_USHORT_GRAY})
    void decode_grey_keepsItsLevels(int type) {
        BufferedImage image = new BufferedImage(3, 1, type);
        int shift = type == BufferedImage.TYPE_USHORT_GRAY ? 8 : 0;
        for (int x = 0; x < 3; x++) {
            image.getRaster().setSample(x, 0, 0, (50 + 60 * x) << shift);
        }

        assertThat(RgbImage.decode(TinyVision.encode(image, "png"), "x.png").pixels())
                .containsExactly(50, 50, 50, 110, 110, 110, 170, 170, 170);
    }

    @Test
    void decode_jpeg_isRead() {
        BufferedImage image = new BufferedImage(16, 8, BufferedImage.TYPE_INT_RGB);
        byte[] pixels =
                RgbImage.decode(TinyVision.encode(image, "jpeg"), "x.jpg").pixels();

        assertThat(pixels).hasSize(3 * 16 * 8).containsOnly(0);
    }

    @Test
    void decode_everyTruncation_isRefusedOrRead() {
        // given: the JDK reads some of a cut file, and throws many kinds of exceptions on others
        for (String format : new String[] {"png", "jpeg"}) {
            BufferedImage image = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
            byte[] whole = TinyVision.encode(image, format);
            int refused = 0;
            for (int length = 0; length < whole.length; length++) {
                // when
                try {
                    RgbImage.decode(Arrays.copyOf(whole, length), "cut." + format);
                } catch (InvalidInputException e) {
                    refused++;
                    assertThat(e).hasMessageContaining("cut." + format);
                }
            }
            // then
            assertThat(refused).as(format).isPositive();
        }
    }

    @Test
    void decode_otherFiles_areRefusedByName() {
        refused("no picture".getBytes(StandardCharsets.UTF_8), "neither PNG nor JPEG");
        refused(new byte[0], "neither PNG nor JPEG");
        refused(TinyVision.encode(new BufferedImage(2, 2, BufferedImage.TYPE_BYTE_INDEXED), "gif"), "neither PNG nor");
        refused(new byte[RgbImage.MOST_BYTES + 1], "at most");
    }

    @Test
    void decode_sizes_areRefusedBeforeMemoryIsTaken() {
        refused(header(1 << 20, 1 << 20), "expected 1 to 16384 a side");
        refused(header(16_000, 16_000), "expected at most 33554432 in all");
        refused(TinyVision.png(201, 1, Color.RED, Color.BLUE), "within 1 : 200");
        assertThat(RgbImage.decode(TinyVision.png(200, 1, Color.RED, Color.BLUE), "x.png")
                        .width())
                .isEqualTo(200);
    }

    private static void refused(byte[] file, String words) {
        assertThatThrownBy(() -> RgbImage.decode(file, "bad.png"))
                .isInstanceOf(InvalidInputException.class)
                .hasMessageContainingAll("bad.png", words);
    }

    /** A PNG that promises so many pixels and has none. */
    private static byte[] header(int width, int height) {
        ByteBuffer png = ByteBuffer.allocate(8 + 25);
        png.putLong(0x89504e470d0a1a0aL).putInt(13);
        png.put("IHDR".getBytes(StandardCharsets.US_ASCII)).putInt(width).putInt(height);
        png.put(new byte[] {8, 2, 0, 0, 0});
        CRC32 crc = new CRC32();
        crc.update(png.array(), 12, 17);
        return png.putInt((int) crc.getValue()).array();
    }
}
