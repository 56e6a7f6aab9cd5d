package org.dndllm.serve.wire;

import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One client's connection: requests and answers take turns on it, on one thread. {@link #close} from any thread. */
final class Connection implements Runnable, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Connection.class);
    private static final long NEVER = Long.MAX_VALUE;
    /** What a refused client may still send before it is cut off: it must get to see why. */
    private static final int MOST_IGNORED = 1 << 20;

    private static final Duration FAREWELL = Duration.ofSeconds(2);

    private final Socket socket;
    private final WireLimits limits;
    private final Handler handler;
    private final Inbound in;
    private final OutputStream out;
    private volatile long deadline = NEVER; // of System.nanoTime

    Connection(Socket socket, WireLimits limits, Handler handler) throws IOException {
        this.socket = socket;
        this.limits = limits;
        this.handler = handler;
        socket.setTcpNoDelay(true); // Nagle's algorithm holds streamed tokens back for up to 40 ms
        in = new Inbound(socket.getInputStream());
        out = new Timed(socket.getOutputStream());
    }

    Inbound in() {
        return in;
    }

    /** To the client, who must take it in time. */
    OutputStream out() {
        return out;
    }

    /** A request is here: from now on the time is the handler's. */
    void received() {
        deadline = NEVER;
    }

    private void allow(Duration time) {
        deadline = System.nanoTime() + time.toNanos();
    }

    /** Cuts off a client whose time is up. */
    void endIfLate() {
        long until = deadline;
        if (until != NEVER && System.nanoTime() - until > 0) {
            close();
        }
    }

    @Override
    public void run() {
        try (this) {
            boolean goesOn = true;
            while (goesOn) {
                allow(limits.idle());
                if (!in.await()) {
                    return;
                }
                allow(limits.request());
                goesOn = exchange();
            }
        } catch (EOFException | SocketException e) {
            LOG.debug("a connection ended", e);
        } catch (IOException e) {
            LOG.debug("a connection failed", e);
        }
    }

    /** Serves one request; tells whether another may follow. */
    private boolean exchange() throws IOException {
        Exchange exchange;
        try {
            exchange = new Exchange(RequestHead.read(in), this);
            handler.handle(exchange);
        } catch (MalformedRequestException e) {
            exchange = new Exchange(RequestHead.NONE, this);
            exchange.answerHeaders().set("Connection", "close");
            handler.refuse(exchange, e);
        } finally {
            in.forget();
        }
        if (exchange.mayGoOn()) {
            return true;
        }
        if (exchange.isAnswered()) {
            sayFarewell();
        }
        return false;
    }

    /** Closing with unread bytes resets the connection, and the client would lose the answer. */
    private void sayFarewell() throws IOException {
        allow(FAREWELL);
        socket.shutdownOutput();
        byte[] ignored = new byte[8 << 10];
        int left = MOST_IGNORED;
        while (left > 0 && in.await()) {
            left -= in.next(ignored, 0, ignored.length);
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("a socket could not be closed", e);
        }
    }

    /** Gives the client a time for each part that it must take. */
    private final class Timed extends OutputStream {
        private final OutputStream out;

        Timed(OutputStream out) {
            this.out = out;
        }

        @Override
        public void write(int value) throws IOException {
            write(new byte[] {(byte) value}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            long before = deadline;
            allow(limits.stall());
            out.write(bytes, offset, length);
            deadline = before;
        }
    }
}
