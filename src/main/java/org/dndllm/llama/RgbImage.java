package org.dndllm.llama;

import java.awt.image.BufferedImage;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;
import org.dndllm.InvalidInputException;

/**
 * A picture in memory: red, green, blue, a byte each, row by row from the top.
 *
 * @param pixels [3 * width * height]; not copied, not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // megabytes, compared by nobody
public record RgbImage(int width, int height, byte[] pixels) {
    /** Larger files are refused. */
    public static final int MOST_BYTES = 32 << 20;

    static final int MOST_SIDE = 16_384;
    static final long MOST_PIXELS = 1 << 25;
    /** Longest side by shortest: the limit of Qwen2.5-VL's own preprocessing. */
    static final int MOST_ASPECT = 200;

    private static final Set<String> FORMATS = Set.of("png", "jpeg");

    public RgbImage {
        if (pixels.length != 3L * width * height) {
            throw new IllegalArgumentException(
                    pixels.length + " bytes are no " + width + " x " + height + " pixels of three colours");
        }
        requireSize("image", width, height);
    }

    /**
     * Reads a PNG or JPEG file. Transparency is dropped, as image models' own preprocessing does; 16-bit colours lose their
     * lower half.
     *
     * @param source what to call it in errors
     * @throws InvalidInputException if it is another format, damaged, too large, or too long and narrow
     */
    public static RgbImage decode(byte[] file, String source) {
        if (file.length > MOST_BYTES) {
            throw new InvalidInputException(
                    source, "size", file.length + " bytes, at most " + MOST_BYTES + "; give a smaller picture");
        }
        try (ImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(file))) {
            ImageReader reader = reader(in, source);
            try {
                reader.setInput(in, true, true);
                // sizes first: a header may promise more pixels than there is memory for
                requireSize(source, reader.getWidth(0), reader.getHeight(0));
                return of(reader.read(0));
            } finally {
                reader.dispose();
            }
        } catch (InvalidInputException e) {
            throw e;
        } catch (IOException | RuntimeException e) {
            // damaged files lead the JDK's readers into exceptions of many kinds
            throw new InvalidInputException(
                    source, "image", "cannot be read (" + e.getMessage() + "); save it again as an RGB PNG or JPEG", e);
        }
    }

    private static ImageReader reader(ImageInputStream in, String source) throws IOException {
        Iterator<ImageReader> readers = ImageIO.getImageReaders(in);
        while (readers.hasNext()) {
            ImageReader reader = readers.next();
            if (FORMATS.contains(reader.getFormatName().toLowerCase(Locale.ROOT))) {
                return reader;
            }
            reader.dispose();
        }
        throw new InvalidInputException(source, "image", "is neither PNG nor JPEG; convert it");
    }

    private static void requireSize(String source, int width, int height) {
        String size = width + " x " + height + " pixels";
        if (width < 1 || height < 1 || width > MOST_SIDE || height > MOST_SIDE) {
            throw new InvalidInputException(
                    source, "image", "has " + size + "; expected 1 to " + MOST_SIDE + " a side");
        }
        if ((long) width * height > MOST_PIXELS) {
            throw new InvalidInputException(
                    source, "image", "has " + size + "; expected at most " + MOST_PIXELS + " in all, scale it down");
        }
        if (Math.max(width, height) > MOST_ASPECT * Math.min(width, height)) {
            throw new InvalidInputException(
                    source, "image", "has " + size + "; expected sides within 1 : " + MOST_ASPECT + ", crop it");
        }
    }

    private static RgbImage of(BufferedImage image) {
        int width = image.getWidth();
        int height = image.getHeight();
        byte[] pixels = new byte[3 * width * height];
        int[] row = new int[width];
        for (int y = 0; y < height; y++) {
            if (isGray(image)) {
                grays(image.getRaster(), y, row);
            } else {
                image.getRGB(0, y, width, 1, row, 0, width);
            }
            for (int x = 0, at = 3 * width * y; x < width; x++) {
                pixels[at++] = (byte) (row[x] >> 16);
                pixels[at++] = (byte) (row[x] >> 8);
                pixels[at++] = (byte) row[x];
            }
        }
        return new RgbImage(width, height, pixels);
    }

    /** Grey levels, not palettes. getRGB takes them for linear light and brightens them; image files do not mean that. */
    private static boolean isGray(BufferedImage image) {
        return image.getType() == BufferedImage.TYPE_BYTE_GRAY
                || image.getType() == BufferedImage.TYPE_USHORT_GRAY
                || image.getRaster().getNumBands() == 2; // with transparency
    }

    private static void grays(Raster raster, int y, int[] row) {
        raster.getSamples(0, y, row.length, 1, 0, row);
        int shift = raster.getSampleModel().getSampleSize(0) - 8;
        for (int x = 0; x < row.length; x++) {
            row[x] = (shift > 0 ? row[x] >> shift : row[x]) * 0x010101;
        }
    }

    @Override
    public String toString() {
        return "RgbImage[" + width + " x " + height + "]";
    }
}
