package org.dndllm.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the JDK's server is told about connections: slow senders are cut off, small events leave at once. */
@Timeout(value = 600, unit = TimeUnit.SECONDS)
class ServeConnectionsIT {
    private static final int CLIENTS = 20;
    private static final String LINE = "POST /v1/chat/completions HTTP/1.1\r\n";
    private static final String HEAD =
            LINE + "Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 5000\r\n\r\n";
    private static final String ABSENT = "{\"prompts\":[\"a\"],\"generator\":\"absent\",\"stream\":true}";
    private static final String STREAM = "POST /v1/adapters/generate HTTP/1.1\r\nHost: localhost\r\n"
            + "Content-Type: application/json\r\nContent-Length: " + ABSENT.length() + "\r\n\r\n" + ABSENT;
    private static final String CHAT =
            "{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"max_tokens\":2,\"temperature\":0}";

    private static final int ROUNDS = 60;
    private static final int FIRST_COUNTED = 20; // a young connection is acknowledged at once

    private static ServeProcess server;

    @BeforeAll
    static void start() throws IOException {
        server = ServeProcess.start(List.of(), Map.of("DND_RECEIVE_TIMEOUT", "2"), List.of());
    }

    @AfterAll
    static void stop() throws InterruptedException {
        server.close();
    }

    @Test
    void head_byteByByte_cutOff() throws Exception {
        requireCutOff(LINE);
    }

    @Test
    void body_byteByByte_cutOff() throws Exception {
        requireCutOff(HEAD);
    }

    /**
     * Nagle's algorithm would hold the second event of an answer until the client's kernel has acknowledged the first,
     * which it puts off by 40 ms on a connection where requests and answers take turns. The stream is one that ends with
     * an error at once, so that nothing is computed meanwhile.
     */
    @Test
    void events_small_areNotHeldBack() throws IOException {
        List<Long> micros = new ArrayList<>();
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setTcpNoDelay(true);
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            for (int round = 0; round < ROUNDS; round++) {
                long start = System.nanoTime();
                socket.getOutputStream().write(STREAM.getBytes(StandardCharsets.US_ASCII));
                assertThat(answer(in)).contains("event: error", "generator_not_found", "data: [DONE]");
                if (round >= FIRST_COUNTED) {
                    micros.add((System.nanoTime() - start) / 1000);
                }
            }
        }
        Collections.sort(micros);
        // Nagle's algorithm would hold nearly every one back; a busy machine only some
        assertThat(micros.get(micros.size() / 4))
                .as("a quarter of the answers took less microseconds, all: %s", micros)
                .isLessThan(30_000);
    }

    /** Lines up to the last chunk. */
    private static String answer(BufferedReader in) throws IOException {
        StringBuilder answer = new StringBuilder();
        for (String line = in.readLine(); !line.equals("0"); line = in.readLine()) {
            answer.append(line).append('\n');
        }
        in.readLine();
        return answer.toString();
    }

    private static void requireCutOff(String begin) throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
                HttpClient client = HttpClient.newHttpClient()) {
            List<Future<String>> slow = new ArrayList<>();
            Callable<String> sender = () -> sendSlowly(begin);
            for (int i = 0; i < CLIENTS; i++) {
                slow.add(threads.submit(sender));
            }
            int served = 0;
            while (served == 0 || slow.stream().anyMatch(each -> !each.isDone())) {
                assertThat(server.get(client, "/health").statusCode()).isEqualTo(200);
                assertThat(server.post(client, "/v1/chat/completions", CHAT).statusCode())
                        .isEqualTo(200);
                served++;
            }
            for (Future<String> each : slow) {
                assertThat(each.get()).doesNotContain("200 OK");
            }
        }
        assertThat(server.process().isAlive()).isTrue();
    }

    /** Sends a byte five times a second until the server ends the connection; returns what it said. */
    private static String sendSlowly(String begin) throws IOException {
        StringBuilder answer = new StringBuilder();
        try (Socket socket = new Socket("127.0.0.1", server.port())) {
            socket.setSoTimeout(1);
            OutputStream out = socket.getOutputStream();
            out.write(begin.getBytes(StandardCharsets.US_ASCII));
            while (!isEnded(socket, answer)) {
                out.write('a');
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(200));
            }
        } catch (java.net.SocketException e) {
            return answer.toString(); // reset while a byte was on its way
        }
        return answer.toString();
    }

    private static boolean isEnded(Socket socket, StringBuilder answer) throws IOException {
        try {
            byte[] buffer = new byte[1024];
            int read = socket.getInputStream().read(buffer);
            answer.append(new String(buffer, 0, Math.max(read, 0), StandardCharsets.ISO_8859_1));
            return read < 0;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }
}
