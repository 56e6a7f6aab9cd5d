package org.dndllm.llama;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Memory for the saved sequences of a context. Buffers are used over and over: Java fills fresh memory with zeros, the
 * system hands it out page by page, and giving it back makes all threads agree, which together takes longer than the copy
 * that the memory is for. A buffer is at most a quarter larger than what it is lent for, and idle ones go before there
 * is too much. Thread-safe.
 */
final class StateMemory implements AutoCloseable {
    private final List<Buffer> idle = new ArrayList<>(); // the one that waits longest first
    private long lentBytes;
    private long idleBytes;
    private boolean closed;

    /** Holds whatever its last use left in it. */
    static final class Buffer {
        private final Arena arena = Arena.ofShared();
        private final MemorySegment segment;

        private Buffer(long bytes) {
            try {
                segment = arena.allocate(bytes);
            } catch (OutOfMemoryError e) {
                arena.close();
                throw e;
            }
        }

        MemorySegment segment() {
            return segment;
        }

        long size() {
            return segment.byteSize();
        }
    }

    /**
     * Lends a buffer, which {@link #giveBack} takes back.
     *
     * @param bytes that it must hold at least
     * @param most bytes that this memory shall have in all; idle buffers go before that, and what is lent may exceed it
     * @throws OutOfMemoryError if there is none
     */
    synchronized Buffer take(long bytes, long most) {
        Optional<Buffer> large = idle.stream()
                .filter(each -> each.size() >= bytes && each.size() <= bytes + bytes / 4)
                .min(Comparator.comparingLong(Buffer::size));
        large.ifPresent(each -> {
            idle.remove(each);
            idleBytes -= each.size();
        });
        Buffer buffer = large.orElseGet(() -> allocate(bytes, most));
        lentBytes += buffer.size();
        return buffer;
    }

    /** A little larger than it must be, where that fits: the next turn of a conversation is a little longer. */
    private Buffer allocate(long bytes, long most) {
        while (!idle.isEmpty() && lentBytes + idleBytes + bytes > most) {
            drop(idle.removeFirst());
        }
        long step = Math.max(1, Long.highestOneBit(bytes) / 4); // four sizes for each power of two
        long rounded = (bytes + step - 1) / step * step;
        return new Buffer(Math.max(bytes, Math.min(rounded, most - lentBytes - idleBytes)));
    }

    private void drop(Buffer buffer) {
        idleBytes -= buffer.size();
        buffer.arena.close();
    }

    /** Ends a loan. */
    synchronized void giveBack(Buffer buffer) {
        lentBytes -= buffer.size();
        idleBytes += buffer.size();
        if (closed) {
            drop(buffer);
        } else {
            idle.add(buffer);
        }
    }

    /** Bytes that it has, lent or not. */
    synchronized long bytes() {
        return lentBytes + idleBytes;
    }

    /** Frees what is not lent; what is lent goes when it is given back. Idempotent. */
    @Override
    public synchronized void close() {
        closed = true;
        idle.forEach(this::drop);
        idle.clear();
    }
}
