package org.dndllm.serve.wire;

import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

/** A listener on a free port, with a handler that says back what it was sent, and a client for it. */
final class EchoServer implements AutoCloseable {
    private final HttpListener listener;
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private final CountDownLatch go = new CountDownLatch(1);

    private EchoServer(WireLimits limits) throws IOException {
        listener = HttpListener.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), limits, new Echo());
    }

    static EchoServer start(WireLimits limits) throws IOException {
        return new EchoServer(limits);
    }

    HttpListener listener() {
        return listener;
    }

    /** What the handler noticed. */
    BlockingQueue<String> events() {
        return events;
    }

    /** Lets the handlers answer that wait for it. */
    void letGo() {
        go.countDown();
    }

    private final class Echo implements Handler {
        @Override
        public void handle(Exchange exchange) throws IOException {
            switch (exchange.target().getPath()) {
                case "/echo" -> say(exchange, 200, exchange.method() + " " + text(exchange));
                case "/refused" -> say(exchange, 413, "too large");
                case "/silent" -> text(exchange);
                case "/half" -> {
                    try (OutputStream out = exchange.answer(200, OptionalLong.of(100))) {
                        out.write(new byte[50]);
                    }
                }
                case "/stream" -> stream(exchange);
                case "/flood" -> flood(exchange);
                case "/pausing" -> pausing(exchange);
                default -> watched(exchange);
            }
        }

        private void stream(Exchange exchange) throws IOException {
            try (OutputStream out = exchange.answer(200, OptionalLong.empty())) {
                for (String part : new String[] {"one", "", "two"}) {
                    out.write(part.getBytes(StandardCharsets.US_ASCII));
                    out.flush();
                }
            }
        }

        private void flood(Exchange exchange) {
            try (OutputStream out = exchange.answer(200, OptionalLong.empty())) {
                while (true) {
                    out.write(new byte[64 << 10]);
                }
            } catch (IOException e) {
                events.add("cut off");
            }
        }

        /** Sends one event, and then writes nothing until the client has left: a write cannot be what tells. */
        private void pausing(Exchange exchange) throws IOException {
            text(exchange);
            CountDownLatch left = new CountDownLatch(1);
            exchange.onGone(left::countDown);
            try (OutputStream out = exchange.answer(200, OptionalLong.empty())) {
                out.write("event".getBytes(StandardCharsets.US_ASCII));
                out.flush();
                left.await();
                events.add("gone");
            } catch (InterruptedException e) {
                return; // the listener is closed
            }
        }

        /** Answers when it is let go; notes a client that leaves before. */
        private void watched(Exchange exchange) throws IOException {
            text(exchange);
            CountDownLatch either = new CountDownLatch(1);
            events.add("watching"); // before: a client may have left already
            exchange.onGone(() -> {
                events.add("gone");
                either.countDown();
            });
            Thread.startVirtualThread(() -> {
                try {
                    go.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
                either.countDown();
            });
            try {
                either.await();
            } catch (InterruptedException e) {
                return; // the listener is closed
            }
            try {
                say(exchange, 200, "late");
            } catch (IOException e) {
                events.add("nothing sent");
                throw e;
            }
        }

        @Override
        public void refuse(Exchange exchange, MalformedRequestException problem) throws IOException {
            say(exchange, problem.status(), String.valueOf(problem.getMessage()));
        }

        private static String text(Exchange exchange) throws IOException {
            return new String(exchange.body().readAllBytes(), StandardCharsets.ISO_8859_1);
        }

        private static void say(Exchange exchange, int status, String text) throws IOException {
            byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
            try (OutputStream out = exchange.answer(status, OptionalLong.of(bytes.length))) {
                out.write(bytes);
            }
        }
    }

    Socket connect(String text) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), listener.port());
        socket.setSoTimeout(300_000);
        send(socket, text);
        return socket;
    }

    static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    /** What comes until the server ends the connection. */
    static String all(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    String exchange(String text) throws IOException {
        try (Socket socket = connect(text)) {
            return all(socket);
        }
    }

    static String post(String path, String more, String body) {
        return "POST " + path + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + body.length() + "\r\n" + more + "\r\n"
                + body;
    }

    @Override
    public void close() {
        listener.close();
    }
}
