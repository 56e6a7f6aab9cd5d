package org.dndllm.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.dndllm.EnvironmentException;

/** llama.cpp's own server as a child process on the loopback address, for a comparison. */
final class LlamaServer implements AutoCloseable {
    private static final int PATIENCE_SECONDS = 120;
    private static final int POLL_MILLIS = 200;

    private final Process process;
    private final int port;

    private LlamaServer(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /**
     * Starts it and waits until it answers.
     *
     * @param program llama-server
     * @param base model
     * @param adapter applied at scale 1 to every request
     * @param log file for what it says
     * @throws EnvironmentException if it cannot be started or does not answer
     */
    static LlamaServer start(
            Path program, Path base, Path adapter, int threads, int parallel, int positions, Path log) {
        try {
            int port = freePort();
            Process process = new ProcessBuilder(List.of(
                            program.toString(),
                            "-m",
                            base.toString(),
                            "--lora",
                            adapter.toString(),
                            "--host",
                            "127.0.0.1",
                            "--port",
                            String.valueOf(port),
                            "-t",
                            String.valueOf(threads),
                            "-tb",
                            String.valueOf(threads),
                            "-np",
                            String.valueOf(parallel),
                            "-c",
                            String.valueOf(positions)))
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .start();
            LlamaServer server = new LlamaServer(process, port);
            if (!server.answers()) {
                server.close();
                throw new EnvironmentException(program + " does not answer; it last said: " + lastLine(log)
                        + ". Run it by hand with -m " + base + " to see why.");
            }
            return server;
        } catch (IOException e) {
            throw new EnvironmentException(program + " cannot be run: " + e.getMessage(), e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static String lastLine(Path log) throws IOException {
        List<String> lines = Files.readAllLines(log, java.nio.charset.StandardCharsets.ISO_8859_1);
        return lines.isEmpty() ? "nothing" : lines.getLast();
    }

    private boolean answers() {
        try {
            for (int i = 0; i < PATIENCE_SECONDS * 1000 / POLL_MILLIS; i++) {
                if (process.waitFor(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                    return false;
                }
                if (isHealthy()) {
                    return true;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return false;
    }

    private boolean isHealthy() {
        try {
            return LoopbackHttp.call(port, "GET", "/health", "").status() == 200;
        } catch (EnvironmentException notYet) {
            return false;
        }
    }

    int port() {
        return port;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
