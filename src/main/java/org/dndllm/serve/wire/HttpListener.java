package org.dndllm.serve.wire;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes connections and serves each on a virtual thread. The caller closes it. */
public final class HttpListener implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(HttpListener.class);
    private static final int BACKLOG = 256;
    private static final long LOOK_MILLIS = 250;
    private static final long PAUSE_NANOS = 50_000_000;

    private final ServerSocket server;
    private final WireLimits limits;
    private final Handler handler;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("dnd-http-clock").factory());

    private HttpListener(ServerSocket server, WireLimits limits, Handler handler) {
        this.server = server;
        this.limits = limits;
        this.handler = handler;
    }

    /**
     * Binds and begins to answer.
     *
     * @throws IOException if the address cannot be bound
     */
    public static HttpListener start(InetSocketAddress address, WireLimits limits, Handler handler) throws IOException {
        ServerSocket server = new ServerSocket();
        try {
            server.bind(address, BACKLOG);
        } catch (IOException e) {
            server.close();
            throw e;
        }
        HttpListener listener = new HttpListener(server, limits, handler);
        Thread.ofVirtual().name("dnd-http").start(listener::accept);
        listener.clock.scheduleAtFixedRate(
                () -> listener.connections.forEach(Connection::endIfLate),
                LOOK_MILLIS,
                LOOK_MILLIS,
                TimeUnit.MILLISECONDS);
        return listener;
    }

    private void accept() {
        while (!server.isClosed()) {
            try {
                serve(server.accept());
            } catch (IOException | RejectedExecutionException e) {
                if (!server.isClosed()) {
                    LOG.warn("a connection could not be taken", e);
                    LockSupport.parkNanos(PAUSE_NANOS); // out of file handles, most likely: others must give some back
                }
            }
        }
    }

    private void serve(Socket socket) throws IOException {
        if (connections.size() >= limits.connections()) {
            socket.close();
            return;
        }
        try {
            Connection connection = new Connection(socket, limits, handler);
            threads.execute(() -> {
                connections.add(connection);
                try {
                    connection.run();
                } finally {
                    connections.remove(connection);
                }
            });
        } catch (IOException | RejectedExecutionException e) {
            socket.close();
            throw e;
        }
    }

    /** The port that is listened on. */
    public int port() {
        return server.getLocalPort();
    }

    /** Connections that are open. */
    public int connections() {
        return connections.size();
    }

    /** Stops listening and ends every connection. Idempotent. */
    @Override
    public void close() {
        try {
            server.close();
        } catch (IOException e) {
            LOG.debug("the listening socket could not be closed", e);
        }
        clock.shutdownNow();
        connections.forEach(Connection::close);
        threads.shutdownNow();
    }
}
