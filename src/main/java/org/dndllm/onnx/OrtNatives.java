package org.dndllm.onnx;

import ai.onnxruntime.OrtEnvironment;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.zip.CRC32;
import java.util.zip.CheckedInputStream;
import java.util.zip.ZipEntry;
import org.dndllm.EnvironmentException;
import org.dndllm.format.AtomicFile;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * ONNX Runtime's native libraries, unpacked once for a user instead of once for each process: its own loader copies 28 MB
 * into a new temporary folder, of which an empty folder stays after a normal end, and all after a kill (1.29.0, Linux).
 */
final class OrtNatives {
    private static final Logger LOG = LoggerFactory.getLogger(OrtNatives.class);
    /** Where its loader looks first; see its Java documentation. */
    static final String PROPERTY = "onnxruntime.native.path";

    private static final List<String> LIBRARIES = List.of("onnxruntime", "onnxruntime4j_jni");
    /** In the flavour for CUDA alone; its loader unpacks it itself, and it must lie beside the others. */
    private static final String PROVIDERS = "onnxruntime_providers_shared";

    private OrtNatives() {}

    /** A library as it lies in the jar. */
    private record Packed(String file, URL url, long size, long crc) {}

    /**
     * Has the loader take them from the cache, unless the user has named a folder. Where they cannot be kept, the loader
     * goes its own way.
     */
    static void install(Path cache) {
        if (System.getProperty(PROPERTY) != null) {
            return;
        }
        try {
            unpack(cache).ifPresent(folder -> System.setProperty(PROPERTY, folder.toString()));
        } catch (IOException | EnvironmentException e) {
            LOG.debug("ONNX Runtime's libraries are not kept in {}", cache, e);
        }
    }

    /**
     * The folder with this platform's libraries, which are written where they are absent or not as in the jar; empty where
     * they are in no jar, or are those for CUDA.
     *
     * @throws EnvironmentException if the disk refuses
     */
    static Optional<Path> unpack(Path cache) throws IOException {
        if (resource(PROVIDERS) != null) {
            return Optional.empty();
        }
        List<Packed> all = new ArrayList<>();
        StringBuilder name = new StringBuilder("onnxruntime-").append(platform());
        for (String library : LIBRARIES) {
            URL url = resource(library);
            if (url == null || !(url.openConnection() instanceof JarURLConnection jar)) {
                return Optional.empty();
            }
            ZipEntry entry = jar.getJarEntry();
            all.add(new Packed(System.mapLibraryName(library), url, entry.getSize(), entry.getCrc()));
            name.append(String.format(Locale.ROOT, "-%08x", entry.getCrc()));
        }
        Path folder = Files.createDirectories(cache.resolve(name.toString()));
        for (Packed each : all) {
            Path target = folder.resolve(each.file());
            if (!isWhole(target, each)) {
                copy(each, target);
            }
        }
        return Optional.of(folder);
    }

    private static @Nullable URL resource(String library) {
        return OrtEnvironment.class.getResource(
                "/ai/onnxruntime/native/" + platform() + "/" + System.mapLibraryName(library));
    }

    /** As in the jar: {@code linux-x64}. */
    private static String platform() {
        String system = System.getProperty("os.name", "").toLowerCase(Locale.ROOT);
        String machine = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
        String os = system.contains("mac") ? "osx" : system.contains("win") ? "win" : "linux";
        return os + "-" + (machine.equals("aarch64") || machine.equals("arm64") ? "aarch64" : "x64");
    }

    private static boolean isWhole(Path file, Packed packed) throws IOException {
        if (!Files.isRegularFile(file) || Files.size(file) != packed.size()) {
            return false;
        }
        CRC32 crc = new CRC32();
        try (InputStream in = new CheckedInputStream(Files.newInputStream(file), crc)) {
            in.transferTo(OutputStream.nullOutputStream());
        }
        return crc.getValue() == packed.crc();
    }

    private static void copy(Packed packed, Path target) throws IOException {
        byte[] bytes;
        try (InputStream in = packed.url().openStream()) {
            bytes = in.readAllBytes();
        }
        AtomicFile.write(target, channel -> {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                channel.write(left);
            }
        });
    }
}
