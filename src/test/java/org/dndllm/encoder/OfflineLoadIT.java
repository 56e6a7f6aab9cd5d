package org.dndllm.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.jni.LibUtils;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import javax.tools.ToolProvider;
import org.dndllm.EnvironmentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tokenizer library must not reach for the network where a CUDA device is present. A child JVM sees a device that is
 * not there (DJL's probe is shadowed on its class path), an empty cache, no name server, and a proxy that counts
 * connections.
 */
final class OfflineLoadIT {
    private static final String FAKE_PROBE = """
            package ai.djl.util.cuda;
            public final class CudaUtils {
                public static boolean hasCuda() { return true; }
                public static int getGpuCount() { return 1; }
                public static int getCudaVersion() { return 12020; }
                public static String getCudaVersionString() { return "122"; }
                public static String getComputeCapability(int device) { return "90"; }
            }
            """;

    /** What a program without our guard does. */
    static final class Unguarded {
        private Unguarded() {}

        public static void main(String[] args) {
            LibUtils.checkStatus();
        }
    }

    /** What we do. */
    static final class Guarded {
        private Guarded() {}

        public static void main(String[] args) {
            try (EncoderTokenizer tokenizer = EncoderTokenizer.open(Path.of(args[0]))) {
                System.out.println("tokens " + tokenizer.encode("hello world").length);
            }
        }
    }

    @Test
    void open_onMachineWithCuda_triesNoNetwork(@TempDir Path folder) throws Exception {
        Run run = run(Guarded.class, folder, Map.of());
        assertThat(run.output).contains("tokens 4").doesNotContain("Downloading");
        assertThat(run.connections).isZero();
    }

    @Test
    void load_withoutTheGuard_wouldTryTheNetwork(@TempDir Path folder) throws Exception {
        // the control: proves that the fake device is believed and that the attempt would be seen
        Run run = run(Unguarded.class, folder, Map.of());
        assertThat(run.output).contains("Downloading");
    }

    @Test
    void open_withCudaFlavourInTheEnvironment_isRefusedWithoutNetwork(@TempDir Path folder) throws Exception {
        Run run = run(Guarded.class, folder, Map.of("RUST_FLAVOR", "cu122"));
        assertThat(run.output)
                .contains("EnvironmentException")
                .contains("RUST_FLAVOR")
                .doesNotContain("Downloading");
        assertThat(run.connections).isZero();
    }

    @Test
    void refuseOtherFlavour_cpuOrNothing_passes() {
        TokenizerNatives.refuseOtherFlavour(Map.of());
        TokenizerNatives.refuseOtherFlavour(Map.of("RUST_FLAVOR", "cpu"));
        assertThatThrownBy(() -> TokenizerNatives.refuseOtherFlavour(Map.of("RUST_FLAVOR", "cu124")))
                .isInstanceOf(EnvironmentException.class)
                .hasMessageContaining("cu124");
    }

    private record Run(String output, int connections) {}

    private static Run run(Class<?> main, Path folder, Map<String, String> environment) throws Exception {
        Path shadow = compileFakeProbe(folder);
        AtomicInteger connections = new AtomicInteger();
        try (ServerSocket proxy = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread.ofVirtual().start(() -> countConnections(proxy, connections));
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-cp",
                    shadow + System.getProperty("path.separator") + System.getProperty("java.class.path")));
            for (String protocol : List.of("http", "https")) {
                command.add("-D" + protocol + ".proxyHost=127.0.0.1");
                command.add("-D" + protocol + ".proxyPort=" + proxy.getLocalPort());
            }
            // No name resolves in the child, so that not even the control asks a name server.
            command.add("-Djdk.net.hosts.file=" + Files.createFile(folder.resolve("hosts")));
            command.add(main.getName());
            command.add(Resources.path("vocab.txt").toString());
            ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
            builder.environment().keySet().removeAll(List.of("RUST_FLAVOR", "DJL_OFFLINE", "RUST_LIBRARY_PATH"));
            builder.environment()
                    .put("ENGINE_CACHE_DIR", folder.resolve("cache").toString());
            builder.environment().putAll(environment);
            Process child = builder.start();
            String output = new String(child.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(child.waitFor(300, TimeUnit.SECONDS)).isTrue();
            return new Run(output, connections.get());
        }
    }

    private static Path compileFakeProbe(Path folder) throws IOException {
        Path source = folder.resolve("fake/ai/djl/util/cuda/CudaUtils.java");
        Files.createDirectories(source.getParent());
        Files.writeString(source, FAKE_PROBE);
        Path classes = Files.createDirectories(folder.resolve("fake-classes"));
        int result =
                ToolProvider.getSystemJavaCompiler().run(null, null, null, "-d", classes.toString(), source.toString());
        assertThat(result).isZero();
        return classes;
    }

    private static void countConnections(ServerSocket proxy, AtomicInteger connections) {
        try {
            while (true) {
                try (Socket ignored = proxy.accept()) {
                    connections.incrementAndGet();
                }
            }
        } catch (IOException closed) {
            // The test closed the socket: counting is over.
        }
    }
}
