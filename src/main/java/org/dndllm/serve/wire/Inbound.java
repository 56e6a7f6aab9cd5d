package org.dndllm.serve.wire;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What comes in on a connection. One thread takes it. While that thread computes an answer, a watch reads ahead, which is
 * how the end of the connection is noticed: nothing else tells a server that its client has gone. A watch that is still
 * there when the next request comes goes on and brings it.
 */
final class Inbound {
    private static final int SIZE = 16 << 10;

    private final InputStream in;
    private final byte[] buffer = new byte[SIZE];
    private final ReentrantLock lock = new ReentrantLock(); // a monitor would pin virtual threads before JDK 24
    private final Condition changed = lock.newCondition();
    private int start; // of what nobody has taken yet
    private int end;
    private boolean watching;
    private boolean ended;
    private Runnable gone = () -> {};

    Inbound(InputStream in) {
        this.in = in;
    }

    /** Waits for the next byte without taking it; false at the end. */
    boolean await() throws IOException {
        lock.lock();
        try {
            while (watching && start == end && !ended) {
                changed.awaitUninterruptibly();
            }
            if (start < end) {
                return true;
            }
            if (ended) {
                return false;
            }
            start = 0;
            end = 0;
        } finally {
            lock.unlock();
        }
        return took(in.read(buffer, 0, SIZE));
    }

    /** The next byte. */
    int next() throws IOException {
        require();
        lock.lock();
        try {
            return buffer[start++] & 0xff;
        } finally {
            lock.unlock();
        }
    }

    /** Up to {@code most} bytes, at least one. */
    int next(byte[] target, int offset, int most) throws IOException {
        require();
        lock.lock();
        try {
            int count = Math.min(most, end - start);
            System.arraycopy(buffer, start, target, offset, count);
            start += count;
            return count;
        } finally {
            lock.unlock();
        }
    }

    private void require() throws IOException {
        if (!await()) {
            throw new EOFException("the client ended the connection within a request");
        }
    }

    /**
     * Runs {@code action} once when the client ends the connection, or at once if it has; an action of before is
     * forgotten. A client that sends on without waiting for answers is watched for as long as the buffer takes it.
     */
    void onGone(Runnable action) {
        boolean over;
        lock.lock();
        try {
            over = ended;
            gone = action;
            if (start == end && !watching) {
                start = 0;
                end = 0;
            }
            if (!over && !watching && end < SIZE) {
                watching = true;
                Thread.ofVirtual().name("dnd-http-watch").start(this::watch);
            }
        } finally {
            lock.unlock();
        }
        if (over) {
            action.run();
        }
    }

    /** Forgets the action. */
    void forget() {
        lock.lock();
        try {
            gone = () -> {};
        } finally {
            lock.unlock();
        }
    }

    private void watch() {
        int space = SIZE - end; // only the watch moves the end while there is one
        boolean more = true;
        while (more && space > 0) {
            try {
                more = took(in.read(buffer, SIZE - space, space));
            } catch (IOException e) {
                more = took(-1);
            }
            space = SIZE - end;
        }
        Runnable action;
        lock.lock();
        try {
            watching = false;
            action = ended ? gone : () -> {};
            changed.signalAll();
        } finally {
            lock.unlock();
        }
        action.run();
    }

    /** Notes what a read brought. */
    private boolean took(int count) {
        lock.lock();
        try {
            ended |= count < 0;
            end += Math.max(count, 0);
            changed.signalAll();
            return count >= 0;
        } finally {
            lock.unlock();
        }
    }
}
